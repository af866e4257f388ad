/// <reference lib="dom" />
/**
 * What a derivative is: the slope between two points that are h apart.
 *
 * @module
 */
import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { html } from "../views/html.ts";
import { plot, type PlotSeries } from "../views/plot.ts";
import { liveFigure } from "./live_figure.ts";
import { curveAt, slopesAt } from "./slopes.ts";

const xs: readonly number[] = Array.from({ length: 141 }, (_, i) => -2.5 + i * 0.05);
const distances: readonly number[] = Array.from({ length: 61 }, (_, i) => 10 ** (-15 + i / 4));
const leastError = 1e-17; // a logarithmic axis has no 0

const curveSeries: readonly PlotSeries[] = [
  { label: "f", color: "first" },
  { label: "line through x and x + h", color: "second" },
];
const errorSeries: readonly PlotSeries[] = [
  { label: "error of (f(x+h) − f(x)) / h", color: "second" },
  { label: "error of (f(x+h) − f(x−h)) / 2h", color: "third" },
];

/** The figure: a slider for x, one for h. */
export function derivative() {
  const x = useSignal(1.5), power = useSignal(0);
  const h = 10 ** power.value, slopes = slopesAt(x.value, h);
  const curve = useMemo<[number[], number[], number[]]>(() => {
    const y = curveAt(x.value);
    return [[...xs], xs.map(curveAt), xs.map((each) => y + slopes.forward * (each - x.value))];
  }, [x.value, h]);
  const errors = useMemo<[number[], number[], number[]]>(() => {
    const all = distances.map((each) => slopesAt(x.value, each));
    const error = (of: "forward" | "symmetric") =>
      all.map((each) => Math.max(leastError, Math.abs(each[of] - each.backward)));
    return [[...distances], error("forward"), error("symmetric")];
  }, [x.value]);
  const best = distances[errors[1].indexOf(Math.min(...errors[1]))];
  return html`
    <${liveFigure} name="derivative">
      <p>The slope between x and x + h comes near the derivative as h shrinks, until rounding spoils it.</p>
      <label>x = ${x.value.toFixed(2)}
        <input type="range" min="-2.4" max="4.4" step="0.05" value=${x.value}
          onInput=${(event: Event) => x.value = numberOf(event)} /></label>
      <label>h = ${h.toPrecision(2)}
        <input type="range" min="-15" max="0" step="0.25" value=${power.value}
          onInput=${(event: Event) => power.value = numberOf(event)} /></label>
      <${plot} name=${`f and the line through x = ${x.value.toFixed(2)} and x + h`} xLabel="x" yLabel="f(x)"
        series=${curveSeries} data=${curve} yRange=${[-4, 12]} mark=${x.value} />
      <table class="values">
        <tbody>
          <tr>
            <th scope="row">(f(x+h) − f(x)) / h</th>
            <td>${slopes.forward.toPrecision(10)}</td>
          </tr>
          <tr>
            <th scope="row">(f(x+h) − f(x−h)) / 2h</th>
            <td>${slopes.symmetric.toPrecision(10)}</td>
          </tr>
          <tr>
            <th scope="row">micrograd's backward pass</th>
            <td>${slopes.backward.toPrecision(10)}</td>
          </tr>
        </tbody>
      </table>
      <${plot} name=${`Error of both differences for h from 1e-15 to 1; the first is least near h = ${
        best.toPrecision(1)
      }`}
        xLabel="h" yLabel="error" series=${errorSeries} data=${errors} logX logY mark=${h} />
      <p class="soft small">At this x the first difference is best near h = ${best.toPrecision(1)}.</p>
      </${liveFigure}>
  `;
}

function numberOf(event: Event): number {
  return Number((event.target as HTMLInputElement).value);
}
