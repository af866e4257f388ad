/**
 * The losses of a run.
 *
 * @module
 */
import { useMemo } from "preact/hooks";
import { html } from "./html.ts";
import { plot, type PlotSeries } from "./plot.ts";
import { curves, version } from "./store.ts";

const series: readonly PlotSeries[] = [
  { label: "training", color: "first" },
  { label: "held out", color: "second", points: true },
];

/** A chart of the training loss and the held-out loss. */
export function lossChart() {
  const { train, heldOut } = curves;
  const data = useMemo(() => aligned(train, heldOut), [version.value, train]);
  if (train.x.length === 0) {
    return html`<p class="soft empty">The curve of the loss appears here: it falls as the model learns.</p>`;
  }
  const name = `Loss by update: training from ${train.y[0].toFixed(2)} to ${train.y.at(-1)?.toFixed(2)}` +
    (heldOut.y.length === 0
      ? ""
      : `, held out from ${heldOut.y[0].toFixed(2)} to ${heldOut.y.at(-1)?.toFixed(2)}`);
  return html`<${plot} name=${name} xLabel="updates" yLabel="loss" series=${series} data=${data} />`;
}

/** Returns both curves over the steps of either. */
function aligned(
  train: { readonly x: readonly number[]; readonly y: readonly number[] },
  heldOut: { readonly x: readonly number[]; readonly y: readonly number[] },
): [number[], (number | null)[], (number | null)[]] {
  const steps = [...new Set([...train.x, ...heldOut.x])].sort((a, b) => a - b);
  const at = ({ x, y }: typeof train) => {
    const values = new Map(x.map((step, i) => [step, y[i]]));
    return steps.map((step) => values.get(step) ?? null);
  };
  return [steps, at(train), at(heldOut)];
}
