/**
 * The report card: how the model answered each group of questions.
 *
 * @module
 */
import { percent, whole } from "./format.js";
import { html, Row, Section, Table } from "./html.js";
import { many, runs } from "./store.js";

/** The section; empty for runs without a report card. */
export function Card() {
  const [{ cards }] = runs;
  if (many || cards.length === 0) return null;
  const rows = [...new Map(cards.map((row) => [row.group, row])).values()];
  const cells = ({ group, known, items, right, wrong, refused }) => [
    group,
    known ? "yes" : "no",
    whole(items),
    ...[right, wrong, refused].map((part) => percent(part / items)),
  ];
  return html`
    <${Section} title="Report card">
      <p class="soft">Shares of the answers. Where the model cannot know the answer, it should say so.</p>
      <${Table} kind="plain" label="report card"
        heads=${["questions", "can be known", "asked", "right", "wrong", "“I do not know”"]}
        rows=${rows.map((row) => html`<${Row} key=${row.group} cells=${cells(row)} />`)} />
      <//>
  `;
}
