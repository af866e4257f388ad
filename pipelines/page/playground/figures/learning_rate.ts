/// <reference lib="dom" />
/**
 * How the loss after a few updates depends on the learning rate.
 *
 * @module
 */
import { html } from "../views/html.ts";
import { plot, type PlotSeries } from "../views/plot.ts";
import { liveFigure } from "./live_figure.ts";
import { sweep } from "./sweep.ts";

const powers: readonly number[] = Array.from({ length: 13 }, (_, i) => -4 + i / 3);
const lossSeries: readonly PlotSeries[] = [{ label: "loss", color: "first" }];
const sweepSeries: readonly PlotSeries[] = [{
  label: "held-out loss at the end",
  color: "second",
  points: true,
}];

/** The figure: a slider for the learning rate, and a button for all of them. */
export function learningRate() {
  const { chosen, pick, results, busy, failure, all } = sweep(powers, {
    first: 6,
    settings: (power) => ({ lr: 10 ** power }),
  });
  const lr = 10 ** powers[chosen], result = results[chosen];
  const ends = results.map((each) =>
    each !== null && Number.isFinite(each.heldOutLoss) ? Math.min(10, each.heldOutLoss) : null
  );
  const best = ends.every((end) => end === null) ? null : 10 ** powers[leastOf(ends)];
  return html`
    <${liveFigure} name="learning-rate">
      <p>A small model learns names for 150 updates. With a small rate it hardly moves; with a large one it jumps about.</p>
      <label>Learning rate ${lr.toPrecision(2)}
        <input type="range" min="0" max=${powers.length - 1} step="1" value=${chosen}
          onInput=${(event: Event) => pick(Number((event.target as HTMLInputElement).value))} /></label>
      <p class="row"><button type="button" disabled=${busy} onClick=${() => void all()}>
        ${busy ? "Trains …" : "Try all rates"}</button></p>
      ${failure !== null && html`<p class="fault" role="alert">${failure}</p>`}
      ${result === null && !busy &&
        html`<p class="soft small">Move the slider: each rate trains a model, which takes a second or two.</p>`}
      ${result !== null && html`
        <${plot} name=${`Loss by update at learning rate ${lr.toPrecision(2)}: from ${
          result.losses[0].toFixed(2)
        } to ${result.losses.at(-1)?.toFixed(2)}`}
          xLabel="updates" yLabel="loss" series=${lossSeries}
          data=${[result.losses.map((_, i) => i), [...result.losses]]} yRange=${[1.5, 6]} />
      `}
      ${best !== null && html`
        <${plot} name=${`Held-out loss at the end by learning rate; the least is at ${best.toPrecision(2)}`}
          xLabel="learning rate" yLabel="loss" series=${sweepSeries}
          data=${[powers.map((power) => 10 ** power), ends]} logX mark=${lr} />
        <p class="soft small" role="status">Of the rates tried, ${best.toPrecision(
          2,
        )} has the least held-out loss.</p>
      `}
    </${liveFigure}>
  `;
}

function leastOf(values: readonly (number | null)[]): number {
  return values.reduce(
    (best: number, each, i) => each !== null && each < (values[best] ?? Infinity) ? i : best,
    0,
  );
}
