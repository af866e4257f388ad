/**
 * The table of what differs between runs and of what they reached, with a switch for each run.
 *
 * @module
 */
import { duration, last, optionName, short } from "./format.js";
import { html, Row, Section, Table } from "./html.js";
import { data, isPolicy, runs, state, view } from "./store.js";
import { colorOf, reachedBy } from "./training.js";

/** The section; for a single run, the links to others. */
export function Runs() {
  if (data.compared.length < 2) return html`<${Others} />`;
  const text = (value) =>
    value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);
  // Nothing is known of the options of a run without config.json, so they do not differ.
  const withOptions = data.compared.map((options) => Object.keys(options).length > 0);
  const differs = (_, ...values) => new Set(values.filter((_, i) => withOptions[i])).size > 1;
  const names = [...new Set(data.compared.flatMap((options) => Object.keys(options)))].filter((name) =>
    name !== "out"
  );
  const differing = names.map((
    name,
  ) => [optionName(name), ...data.compared.map((options) => text(options[name]))])
    .filter((cells) => differs(...cells));
  const rows = [...reached(), ...differing].map((cells) => html`<${Row} cells=${cells} />`);
  return html`
    <${Section} title="Runs">
      <p class="soft">What the runs reached, and the options in which they differ. A box shows or hides a run's
        curves.</p>
      <${Table} kind="plain" label="runs" heads=${[
        "run",
        ...runs.map((run, i) => html`<${Switch} run=${run} i=${i} />`),
      ]}
        rows=${rows} />
      ${state.value.bitsApart !== null && html`<p class="soft">${state.value.bitsApart}</p>`}
      <${Others} />
    <//>
  `;
}

function reached() {
  const ends = runs.map(reachedBy);
  const nats = state.value.lossCharts.apart === null ? "nats" : "nats (these do not compare)";
  const policies = runs.filter((_, i) => isPolicy(i)).length;
  const training = policies === 0
    ? `training loss, ${nats}`
    : policies === runs.length
    ? "loss of the update"
    : "training loss, nats, or that of the update (these do not compare)";
  const tasks = [...new Set(runs.flatMap(({ tasks }) => tasks.map(({ task }) => task)))];
  return [
    ["state", ...ends.map(({ state }) => state)],
    ["steps", ...ends.map(({ step }) => step ? short(step.step + 1) : "")],
    ["tokens", ...ends.map(({ step }) => short(step?.tokens))],
    [training, ...ends.map(({ step }) => short(step?.loss))],
    [`validation loss, ${nats}`, ...ends.map(({ evaluation }) => short(evaluation?.valLoss))],
    ...(state.value.bitsApart === null
      ? [["bits per byte", ...ends.map(({ evaluation }) => short(evaluation?.bitsPerByte))]]
      : []),
    ["HellaSwag", ...runs.map(({ hellaswags }) => short(last(hellaswags)?.accuracyNorm))],
    ...tasks.map((name) => [
      `task ${name}`,
      ...runs.map(({ tasks }) => short(last(tasks.filter(({ task }) => task === name))?.reward)),
    ]),
    ["training time", ...ends.map(({ step }) => step ? duration(step.elapsed) : "")],
  ].filter(([, ...values]) => values.some((value) => value !== ""));
}

/** The address of a run's own page. */
const pageOf = (name) => `?${new URLSearchParams({ token: data.live.token, run: name })}`;

/** Links to the runs that can be shown and are not on this page, also to those that have begun since. */
function Others() {
  const others = (state.value.live?.all ?? []).filter((name) => runs.every((run) => run.name !== name));
  if (others.length === 0) return null;
  return html`
    <p class="soft">${others.length} more ${others.length === 1 ? "run" : "runs"}, not on this page:
      ${others.map((name) => html`${" "}<a href=${pageOf(name)}>${name}</a>`)}</p>
  `;
}

function Switch({ run: { name }, i }) {
  const { hidden } = view;
  const toggle = ({ target }) => {
    const next = new Set(hidden.value);
    if (target.checked) next.delete(i);
    else next.add(i);
    hidden.value = next;
  };
  const page = data.live === null ? null : pageOf(name);
  return html`
    <label>
      <input type="checkbox" checked=${!hidden.value.has(i)} onChange=${toggle} aria-label="show ${name}" />
      <i class="swatch" style=${{ background: colorOf(i) }}></i>
    </label>
    ${" "}${page === null
      ? name
      : html`<a href=${page} class=${name.length <= 16 ? "short" : ""}>${name}</a>`}
  `;
}
