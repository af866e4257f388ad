/**
 * Samples, time by op, memory, checkpoints, how the run was started, and its configuration.
 *
 * @module
 */
import { bytes, date, last, number, optionName, percent, short, whole } from "./format.js";
import { html, Row, Section, Table, Timeline } from "./html.js";
import { many, notes, runs, start, state } from "./store.js";

/** Texts that the model has generated, along time. */
export function Samples() {
  const [{ samples }] = runs;
  if (many || samples.length === 0) return null;
  const text = ({ prompt = "", text }) => (text.startsWith(prompt) ? "" : prompt) + text;
  return html`
    <${Section} title="Samples">
      ${state.value.words && html`<p class="soft">${state.value.words}</p>`}
      <${Timeline} events=${samples} name="sample" label=${({ step }) => `after ${whole(step)} steps`}>
        ${(event) => html`<pre tabindex="0">${text(event)}</pre>`}
      <//>
    <//>
  `;
}

/** Time of each op, from --profile, and the planned memory by kind. */
export function TimeAndMemory() {
  const profile = last(runs[0].profiles), { memory = {} } = start();
  const kinds = Object.entries(memory).filter(([, size]) => size > 0);
  if (many || profile === undefined && kinds.length === 0) return null;
  const all = kinds.reduce((sum, [, size]) => sum + size, 0);
  const ops = profile?.ops.map((op) =>
    html`<${Row} cells=${[
      op.op,
      whole(op.calls),
      number(1000 * op.seconds, 2),
      percent(op.share),
      percent(op.waiting),
      op.gflops > 0 ? short(op.gflops) : "",
      short(op.gigabytes),
    ]} />`
  );
  return html`
    <${Section} title="Time and memory">
      ${ops && html`
        <h3>Time by op, steps ${profile.step + 1} to ${profile.step + profile.steps} on ${profile.device}</h3>
        <${Table} kind="plain numbers" label="time by op" rows=${ops}
          heads=${["op", "calls", "ms", "share", "waiting", "GFLOPS", "GB/s"]} />
      `}
      ${kinds.length > 0 && html`
        <h3>Planned memory, ${bytes(all)}</h3>
        <${Table} kind="plain numbers" label="planned memory" heads=${["kind", "bytes", "share"]}
          rows=${kinds.map(([kind, size]) =>
            html`<${Row} cells=${[kind, bytes(size), percent(size / all)]} />`
          )} />
      `}
    <//>
  `;
}

/** The newest checkpoints. */
export function Checkpoints() {
  const [{ checkpoints }] = runs;
  if (many || checkpoints.length === 0) return null;
  // The last step may have written its checkpoint already: the later event of a folder holds.
  const newest = [...new Map(checkpoints.map((event) => [event.path, event])).values()];
  const rows = newest.slice(-12).reverse().map(({ step, path, seconds }) =>
    html`
      <tr>
        <th scope="row">${whole(step)}</th>
        <td class="path">${path}</td>
        <td>${number(seconds, 1)} s</td>
      </tr>
    `
  );
  return html`
    <${Section} title="Checkpoints">
      <${Table} kind="plain" label="checkpoints" heads=${[
        "after steps",
        "folder",
        "written in",
      ]} rows=${rows} />
      <//>
  `;
}

/** What the run has said: choices, warnings, hints. */
export function Notes() {
  const all = many ? [] : notes();
  if (all.length === 0) return null;
  return html`
    <${Section} title="Messages">
      <ul class="notes">${all.slice(-NOTES).map(({ text }) => html`<li>${text}</li>`)}</ul>
      ${all.length > NOTES &&
        html`<p class="soft">${all.length - NOTES} earlier ones are in metrics.jsonl</p>`}
    <//>
  `;
}

const NOTES = 20;

/** The machine, the command, the commit and the date, once for each time the run was started. */
export function Origin() {
  const [{ starts }] = runs, { versions, seed } = state.value.record;
  if (many || starts.length === 0) return null;
  const rows = starts.flatMap((one, i) => [
    [
      starts.length === 1 ? "started" : i === 0 ? "first started" : "resumed",
      one.started && date(one.started),
    ],
    ["command", one.command],
    ["commit", one.commit],
    ["device", one.device],
  ]);
  const known = [...rows, ["seed", seed], ...Object.entries(versions ?? {})].filter(([, value]) =>
    value !== undefined
  );
  return html`
    <${Section} title="How it was run">
      <${Table} kind="options" label="how it was run"
        rows=${known.map(([name, value]) => html`<${Row} cells=${[name, String(value)]} />`)} />
      <//>
  `;
}

/** All options. */
export function Configuration() {
  const entries = Object.entries(state.value.options);
  if (entries.length === 0) return null;
  const text = (value) =>
    value === null
      ? "–"
      : Array.isArray(value) && value.every((each) => typeof each === "string")
      ? value.join(", ")
      : typeof value === "string"
      ? value
      : JSON.stringify(value);
  return html`
    <${Section} title="Configuration">
      <details>
        <summary>${entries.length} options</summary>
        <${Table} kind="options" label="configuration"
          rows=${entries.map(([name, value]) => html`<${Row} cells=${[optionName(name), text(value)]} />`)} />
      </details>
      <//>
  `;
}
