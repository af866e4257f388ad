/**
 * The model's health by layer: gradients, updates and activations during training, their heat maps with
 * alarms, and the histograms and the embedding at the last inspection.
 *
 * @module
 */
import { useMemo } from "preact/hooks";
import { last, percent, short } from "./format.js";
import { HeatMap } from "./heat_map.js";
import { html, Row, Scroll, Section, Table } from "./html.js";
import { hue, Plot, Plots } from "./plot.js";
import { runs } from "./store.js";

const HIGH_NORM = 100; // gradient norm of one parameter: a step clipped to 1 hardly moves then
const HIGH_RATIO = 0.1; // std of an update over std of the weights; about 0.001 is typical
const HIGH_DEAD = 0.5; // share of activations that are 0 in the whole micro-batch

/** The maps: what each shows of an inspection, and from which value it is unusual. */
const maps = [
  {
    title: "Gradient norm",
    of: ({ parameters }) => parameters.map(({ name, gradient }) => [name, gradient.norm]),
    alarm: (value) => value > HIGH_NORM ? `${short(value)} is above ${HIGH_NORM}` : null,
  },
  {
    title: "Update ratio",
    of: ({ parameters }) =>
      parameters.filter(({ name, updateRatio }) => /weight$/.test(name) && updateRatio !== undefined)
        .map(({ name, updateRatio }) => [name, updateRatio]),
    alarm: (value) => value > HIGH_RATIO ? `${short(value)} is above ${HIGH_RATIO}` : null,
  },
  {
    title: "Dead units",
    of: ({ activations }) => activations.map(({ name, dead }) => [name, dead]),
    alarm: (value) => value > HIGH_DEAD ? `${percent(value)} is above ${percent(HIGH_DEAD)}` : null,
  },
].map((map) => ({
  ...map,
  alarm: (value) => Number.isFinite(value) ? map.alarm(value) : "is NaN or infinite",
}));

/** What is unusual in the last inspection, a sentence for each parameter or activation. */
export function layerAlarms(inspections) {
  const inspection = last(inspections);
  if (inspection === undefined) return [];
  return maps.flatMap(({ title, of, alarm }) =>
    of(inspection).flatMap(([name, value]) => {
      const why = alarm(value);
      return why === null ? [] : [`${name}: ${title.toLowerCase()} ${why}`];
    })
  );
}

/** The sections; empty for a run without inspections. Drawn anew only when an inspection arrives. */
export function Layers() {
  const [{ inspections }] = runs;
  const count = inspections.length, step = last(inspections)?.step;
  return useMemo(() => count === 0 ? null : html`<${Health} inspections=${[...inspections]} />`, [
    count,
    step,
  ]);
}

function Health({ inspections }) {
  const alarms = layerAlarms(inspections);
  return html`
    <${Section} title="Health by layer">
      ${alarms.slice(0, 8).map((text) => html`<p class="alarm">${text}</p>`)}
      ${alarms.length > 8 && html`<p class="alarm">and ${alarms.length - 8} more</p>`}
      <${Plots}>${maps.map((map) =>
        html`<${HeatMap} key=${map.title} ...${map} inspections=${inspections} />`
      )}<//>
    <//>
    <${Section} title="Gradients and activations">
      <${Curves} inspections=${inspections} />
      <${Values} inspection=${last(inspections)} />
      <${Embedding} points=${last(inspections).embedding} />
    <//>
  `;
}

/**
 * Returns the block in a parameter's name, such as "h.3" in "h.3.mlp.c_fc.weight"; for a parameter outside
 * the blocks, its name without ".weight" or ".bias".
 */
const block = (name) =>
  /^(?:h|model\.layers|layers)\.\d+/.exec(name)?.[0] ?? name.replace(/\.(weight|bias)$/, "");
const root = (values) => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
const byBlock = (pairs) =>
  [...Map.groupBy(pairs, ([name]) => block(name))]
    .map(([name, members]) => [name, root(members.map(([, value]) => value))]);

/** Curves by layer: `of` returns the [name, value] pairs of one inspection. */
const curves = [
  [
    "Gradient norm by layer",
    ({ parameters }) => byBlock(parameters.map(({ name, gradient }) => [name, gradient.norm])),
  ],
  [
    "log10 of update/weight ratio, weight matrices (about -3 is typical)",
    ({ parameters }) =>
      parameters.filter(({ name, updateRatio }) =>
        /^(?!.*\b(?:ln_|norm)).*weight$/.test(name) && updateRatio > 0
      )
        .map(({ name, updateRatio }) => [name, Math.log10(updateRatio)]),
  ],
  ["Standard deviation of activations", ({ activations }) => activations.map(({ name, std }) => [name, std])],
  [
    "Standard deviation of activation gradients",
    ({ activations }) =>
      activations.filter(({ gradient }) => gradient).map(({ name, gradient }) => [name, gradient.std]),
  ],
];

function Curves({ inspections }) {
  const newest = last(inspections);
  const seriesOf = (of) => {
    const all = inspections.map((inspection) => [inspection.step, new Map(of(inspection))]);
    const names = [...new Set(all.flatMap(([, values]) => [...values.keys()]))];
    return names.map((label, i) => ({
      label,
      color: hue(i, names.length),
      points: inspections.length < 30,
      pairs: all.map(([step, values]) => [step, values.get(label) ?? null]).filter(([, y]) =>
        Number.isFinite(y)
      ),
    }));
  };
  const gradients = newest.activations.flatMap(({ name, gradient }) =>
    gradient ? [{ ...gradient, name }] : []
  );
  const after = `after ${newest.step} steps`;
  return html`
    <${Plots}>
      ${curves.map(([title, of]) =>
        html`
          <${Plot} key=${title} title=${title} series=${seriesOf(of)} height=${220} x="steps" />
        `
      )}
      <${Plot} title="Activations, ${after}" series=${densities(
        newest.activations,
      )} height=${220} x="value" />
      <${Plot} title="Activation gradients, ${after}" series=${densities(
        gradients,
      )} height=${220} x="value" />
    <//>
  `;
}

/** Histograms as densities of values, one curve per name; outside its histogram a density is 0. */
function densities(all) {
  const known = all.filter(({ histogram }) => histogram.to > histogram.from);
  return known.map(({ name, std, histogram: { from, to, counts } }, i) => {
    const sum = counts.reduce((a, b) => a + b, 0), width = (to - from) / counts.length;
    return {
      label: name,
      color: hue(i, known.length),
      rest: `std ${short(std)}`,
      pairs: [[from, 0], ...counts.map((n, k) => [from + (k + 0.5) * width, n / sum / width]), [to, 0]],
    };
  });
}

function Values({ inspection: { step, activations, parameters } }) {
  const rows = [...activations, ...parameters].map(({ name, mean, std, saturated, dead, gradient }) =>
    html`<${Row} cells=${[
      name,
      mean.toExponential(1),
      std.toExponential(1),
      percent(saturated),
      percent(dead),
      gradient ? gradient.norm.toExponential(1) : "",
      gradient && std > 0 ? (gradient.std / std).toExponential(1) : "",
    ]} />`
  );
  const heads = ["tensor", "mean", "std", "saturated", "dead", "gradient norm", "gradient std / std"];
  return html`
    <details>
      <summary>Values and gradients after ${step} steps</summary>
      <${Table} kind="plain numbers" label="values and gradients" heads=${heads} rows=${rows} />
    </details>
  `;
}

/** Each token's label at its point, those of frequent tokens over those of others. */
function Embedding({ points }) {
  if (points === undefined) return null;
  const scale = (values, size) => {
    const low = Math.min(...values), high = Math.max(...values);
    return (value) => 40 + (size - 80) * (value - low) / (high - low || 1);
  };
  const x = scale(points.map((point) => point.x), 1000), y = scale(points.map((point) => -point.y), 520);
  const texts = points.toReversed().map((point) => {
    const at = x(point.x); // long labels at the edges grow inwards, so that none is clipped
    const anchor = at < 120 ? "start" : at > 880 ? "end" : "middle";
    return html`<text x=${at.toFixed(1)} y=${
      y(-point.y).toFixed(1)
    } text-anchor=${anchor}>${point.label}</text>`;
  });
  return html`
    <h3>Embedding, projected on its two principal axes</h3>
    <div class="plot">
      <${Scroll} kind="embedding" label="embedding">
        <svg viewBox="0 0 1000 520" role="img"
          aria-label="Embeddings of the ${points.length} most frequent tokens">${texts}</svg>
        <//>
        </div>
  `;
}
