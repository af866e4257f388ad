/**
 * Curves, drawn by uPlot.
 *
 * @module
 */
import { signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { last, short } from "./format.js";
import { html } from "./html.js";
import { axes, canBeLog, joined } from "./series.js";
import { view } from "./store.js";

const MARKED = 100; // points: more of them would hide the line
/** Distances between ticks of an axis that counts: no step lies between two others. */
const wholeTicks = Array.from({ length: 15 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power))
  .flat();
const dark = matchMedia("(prefers-color-scheme: dark)");
/** Raised when the colours or the width of the page have changed. */
const looks = signal(0);
/** Whether the page is dark: what is drawn in a hue follows it. */
const isDark = signal(dark.matches);
dark.addEventListener("change", () => {
  isDark.value = dark.matches;
  looks.value++;
});
addEventListener("resize", () => looks.value++);

/** A colour that can be told from the page in both schemes: the `i`-th of `count` hues. */
export const hue = (i, count) =>
  `hsl(${Math.round(360 * i / Math.max(1, count))} 65% ${isDark.value ? 68 : 32}%)`;

const colour = (name) =>
  name.startsWith("--") ? getComputedStyle(document.documentElement).getPropertyValue(name).trim() : name;

/**
 * A plot. `series` is a list of `{label, pairs, color, width, dash, points, run, rest}`; `x` labels the
 * horizontal axis (default: the chosen axis). `rest` is what the legend says of a series while the pointer is
 * away; default: its last value. A plot without a value is left out.
 */
export function Plot({ title, series, height = 170, x }) {
  const box = useRef(null), drawn = useRef(null);
  const shown = series.filter(({ run }) => !view.hidden.value.has(run));
  const data = joined(shown.map(({ pairs }) => pairs));
  const isEmpty = data.slice(1).every((line) => line.every((y) => y === null));
  const log = view.log.value && canBeLog(data);
  const { label, counts } = axes[x ?? view.axis.value] ?? { label: x };
  const names = shown.map((one) => [one.label, one.color, one.dash, one.rest, isDots(one)]);
  const key = JSON.stringify([names, log, label, looks.value, height]);
  useLayoutEffect(() => {
    if (isEmpty) return;
    if (drawn.current?.key === key) renew(drawn.current.plot, data);
    else {
      drawn.current?.plot.destroy();
      drawn.current = { key, plot: draw(box.current, { shown, data, log, label, counts, height }) };
    }
    const canvas = box.current.querySelector("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", inWords({ title, shown, label }));
  });
  useLayoutEffect(() => () => drawn.current?.plot.destroy(), []);
  if (isEmpty) {
    drawn.current?.plot.destroy();
    drawn.current = null;
    return null;
  }
  return html`
    <div class="plot">
      <h3>${title}</h3>
      <div ref=${box}></div>
    </div>
  `;
}

/** Gives a plot its new values. One into which the reader has zoomed keeps its range. */
function renew(plot, data) {
  const { min, max } = plot.scales.x, [xs] = plot.data;
  const isZoomed = xs.length > 1 && (min > xs[0] || max < xs[xs.length - 1]);
  plot.setData(data, !isZoomed);
  if (isZoomed) plot.setScale("x", { min, max });
}

function draw(box, { shown, data, log, label, counts, height }) {
  const style = {
    stroke: colour("--soft"),
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { stroke: colour("--line"), width: 1 },
  };
  const values = (_, ticks) => ticks.map(short);
  const isAway = ({ cursor }) => cursor.left < 0, rests = shown.some(({ rest }) => rest !== undefined);
  const plot = new uPlot(
    {
      width: Math.max(120, box.clientWidth),
      height,
      scales: { x: { time: false }, y: log ? { distr: 3 } : {} },
      axes: [{ ...style, values, ...counts && { incrs: wholeTicks } }, { ...style, size: 56, values }],
      // Where a curve has no value under the pointer, the legend shows the one before, as of the last
      // evaluation; of a curve without an order, such as a density, the nearest.
      cursor: { hover: { skip: [null], bias: rests ? 0 : -1 } },
      series: [
        { label, value: (plot, x) => isAway(plot) ? (rests ? "–" : "last") : short(x) },
        ...shown.map((one) => ({
          label: one.label,
          stroke: colour(one.color),
          width: one.width ?? 1.5,
          dash: one.dash,
          spanGaps: true,
          points: one.points && one.pairs.length < MARKED
            ? { show: true, size: 5, fill: colour(one.color) }
            : { show: isDots(one) },
          value: (plot, y) => (isAway(plot) ? one.rest ?? short(last(known(one))?.[1]) : short(y)) || "–",
        })),
      ],
      hooks: { setSeries: [press] },
    },
    data,
    box,
  );
  // uPlot's legend switches a curve on and off by a click alone.
  for (const name of switches(plot)) {
    name.setAttribute("role", "button");
    name.tabIndex = 0;
    name.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      name.parentElement.click();
    });
  }
  press(plot);
  return plot;
}

/** The names in the legend that switch curves on and off. */
const switches = ({ root }) => [...root.querySelectorAll(".u-legend .u-label")].slice(1);

/** Says which curves are on. */
function press(plot) {
  switches(plot).forEach((name, i) => name.setAttribute("aria-pressed", String(plot.series[i + 1].show)));
}

/** Whether a curve has too few values for a line, as that of a run that has diverged after its first step. */
const isDots = (one) => one.dash === undefined && known(one).length < 3;

const known = ({ pairs }) => pairs.filter(([, y]) => y !== null);

/** What a plot shows, for those who cannot see it. */
function inWords({ title, shown, label }) {
  const curves = shown.flatMap((one) => {
    const pairs = known(one);
    if (pairs.length === 0) return [];
    const values = pairs.map(([, y]) => y), end = last(pairs);
    const least = values.reduce((a, b) => Math.min(a, b)), most = values.reduce((a, b) => Math.max(a, b));
    return [
      `${one.label}: from ${short(values[0])} to ${short(end[1])} at ${short(end[0])} ${label}, ` +
      `least ${short(least)}, most ${short(most)}`,
    ];
  });
  const more = curves.length > 6 ? ` and ${curves.length - 6} more curves` : "";
  return `${title} over ${label}. ${curves.slice(0, 6).join("; ")}${more}`;
}

/** Plots side by side. */
export const Plots = ({ children }) => html`<div class="plots">${children}</div>`;
