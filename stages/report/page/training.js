/**
 * Curves of training, validation and speed, and how they are drawn.
 *
 * @module
 */
import { useId } from "preact/hooks";
import { last, whole } from "./format.js";
import { html, Section, Toggle } from "./html.js";
import { hue, Plot, Plots } from "./plot.js";
import { axes, bitsPerNat, pointsOf, scaled, smooth } from "./series.js";
import { isPolicy, many, runs, state, unigramLoss, view } from "./store.js";

/** The colour of a run among those that are compared. */
export const colorOf = (i) => hue(i, runs.length);

/** The pairs of a field of a run's events. */
export const pairsOf = ({ steps }, events, field) =>
  pointsOf({
    steps,
    events,
    axis: view.axis.value,
    of: typeof field === "string" ? (event) => event[field] : field,
  });

/** Whether a run has no losses, as one that failed before its first step. */
const isEmpty = ({ steps, evals }) => steps.length === 0 && evals.length === 0;

/** The section of curves; empty for a run without steps and evaluations. */
export function Training() {
  if (runs.every(isEmpty)) return null;
  return html`
    <${Section} title="Training">
      <${Controls} />
      <${Losses} />
      ${gaps().map((text) => html`<p class="soft">${text}</p>`)}
      <${Plots}>
        <${PerRun} title="Learning rate" list="steps" field="lr" />
        <${PerRun} title="Gradient norm, before clipping" list="steps" field="gradNorm" />
        <${PerRun} title="Tokens per second" list="steps" field="tokensPerSecond" />
        <${PerRun} title="HellaSwag, accuracy normalized by length" list="hellaswags" field="accuracyNorm" />
      <//>
    <//>
  `;
}

function Controls() {
  const { axis, log, unit, smoothing } = view, id = useId();
  const bits = unit.value === "bits";
  return html`
    <div class="controls" role="group" aria-label="how curves are drawn">
      ${Object.keys(axes).map((name) =>
        html`
          <${Toggle} on=${axis.value === name} onClick=${() => axis.value = name}>over ${name}<//>
        `
      )}
      <${Toggle} on=${log.value} onClick=${() => log.value = !log.value}>log axis<//>
      ${runs.every((run, i) => isEmpty(run) || (bitsPerNat(run) !== null && !isPolicy(i))) && html`
        <${Toggle} on=${bits} onClick=${() => unit.value = bits ? "nats" : "bits"}>bits per byte<//>
      `}
      <span class="together">
        <label for=${id}>smoothing</label>
        <input id=${id} type="range" min="0" max="0.99" step="0.01" value=${smoothing.value}
          onInput=${({ target }) => smoothing.value = Number(target.value)} />
      </span>
    </div>
  `;
}

/** One curve per run; the curve of a single run has the colour of training. */
export function PerRun({ title, list, field, height }) {
  const series = runs.map((run, i) => {
    const pairs = pairsOf(run, run[list], field);
    return {
      run: i,
      label: many ? run.name : title,
      color: many ? colorOf(i) : "--train",
      points: list !== "steps" && list !== "rollouts" && list !== "preferences",
      pairs: list === "steps" ? smooth(pairs, view.smoothing.value) : pairs,
    };
  });
  return html`<${Plot} title=${title} series=${series} height=${height} />`;
}

/** Losses of runs that compare, over each other; the others apart. */
function Losses() {
  const { nats, bits, apart } = state.value.lossCharts;
  const unit = view.unit.value === "nats" ? "nats per token" : "bits per byte";
  return html`
    ${bits.map(({ text, runs: group }) =>
      html`
        <${Plot} title="Bits per byte of the text ${text}" height=${240} series=${group.map((i) => ({
          run: i,
          label: runs[i].name,
          color: colorOf(i),
          width: 2,
          points: true,
          pairs: pairsOf(runs[i], runs[i].evals, "bitsPerByte"),
        }))} />
      `
    )}
    ${apart !== null && html`<p class="soft apart">${apart}</p>`}
    ${nats.map((group) =>
      html`
        <${Plot} title=${`Loss, ${group.some(isPolicy) ? "that of the update" : unit}${
          nats.length > 1 ? `: ${group.map((i) => runs[i].name).join(", ")}` : ""
        }`}
          height=${nats.length > 1 ? 240 : 340} series=${lossSeries(group)} />
      `
    )}
  `;
}

function lossSeries(group) {
  const inUnit = (pairs, run) => view.unit.value === "bits" ? scaled(pairs, bitsPerNat(run) ?? NaN) : pairs;
  const series = group.flatMap((i) => {
    const run = runs[i];
    return [
      {
        run: i,
        label: many ? run.name : "training",
        color: many ? colorOf(i) : "--train",
        width: many ? 1 : 1.5,
        pairs: inUnit(smooth(pairsOf(run, run.steps, "loss"), view.smoothing.value), run),
      },
      {
        run: i,
        label: many ? `${run.name}, validation` : "validation",
        color: many ? colorOf(i) : "--val",
        width: 2,
        points: true,
        pairs: inUnit(pairsOf(run, run.evals, "valLoss"), run),
      },
    ].filter(({ pairs }) => pairs.length > 0);
  });
  const unigram = unigramLoss(), xs = series.flatMap(({ pairs }) => pairs.map(([x]) => x));
  if (many || view.unit.value === "bits" || !Number.isFinite(unigram) || xs.length === 0) return series;
  const ends = [xs.reduce((a, b) => Math.min(a, b)), xs.reduce((a, b) => Math.max(a, b))];
  return [...series, {
    label: "unigram model",
    color: "--base",
    dash: [6, 5],
    pairs: ends.map((x) => [x, unigram]),
  }];
}

/** Says what the curves leave out. */
function gaps() {
  const unusual = (value) =>
    typeof value === "number"
      ? !Number.isFinite(value)
      : typeof value === "object" && value !== null && Object.values(value).some(unusual);
  const kinds = { eval: "evaluation", hellaswag: "HellaSwag", inspect: "inspection" };
  const kind = ({ type, step }) => type === "step" ? `step ${step + 1}` : `${kinds[type]} after step ${step}`;
  return runs.flatMap(({ name, counts, evals, hellaswags, inspections }) => {
    const others = [...evals, ...hellaswags, ...inspections].filter(unusual);
    const steps = counts.firstUnusual === null ? [] : [{ type: "step", step: counts.firstUnusual }];
    const [first] = [...steps, ...others].sort((a, b) => a.step - b.step);
    if (first === undefined) return [];
    const lost = counts.unusual + others.length, places = lost === 1 ? "1 place" : `${whole(lost)} places`;
    return [
      `${many ? `${name}: ` : ""}NaN or infinite in ${places}, which the curves leave out; the first is ${
        kind(first)
      }.`,
    ];
  });
}

/** Losses and speed that the table of runs lists. */
export const reachedBy = ({ steps, evals, ends, ended }) => ({
  step: last(steps),
  evaluation: last(evals),
  state: ended ? last(ends).reason ?? "ended" : "not ended",
});
