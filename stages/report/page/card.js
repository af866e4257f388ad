/**
 * The report card: how the model answered each group of questions.
 *
 * @module
 */
import { percent, whole } from "./format.js";
import { html, Part, Row, Section, Table } from "./html.js";
import { many, runs } from "./store.js";

/** The section; empty for runs without a report card. */
export function Card() {
  const [{ cards }] = runs;
  if (many || cards.length === 0) return null;
  const rows = [...new Map(cards.map((row) => [row.group, row])).values()];
  return html`
    <${Section} title="Report card">
      <p class="soft">Shares of the answers. Where the model cannot know the answer, it should say so.</p>
      <${Table} kind="plain" label="report card" heads=${[
        "questions",
        "can be known",
        "asked",
        "right",
        "wrong",
        "“I do not know”",
        "",
      ]} rows=${rows.map(rowOf)} />
      <//>
  `;
}

function rowOf({ group, known, items, right, wrong, refused }) {
  const [good, honest] = known ? ["--kept", "--grid"] : ["--lost", "--kept"];
  const bar = html`
    <div class="bar bare">
      <${Part} share=${right / items} color=${good} />
      <${Part} share=${refused / items} color=${honest} />
      <${Part} share=${wrong / items} color="--lost" />
    </div>
  `;
  const shares = [right, wrong, refused].map((part) => percent(part / items));
  return html`<${Row} key=${group} cells=${[group, known ? "yes" : "no", whole(items), ...shares, bar]} />`;
}
