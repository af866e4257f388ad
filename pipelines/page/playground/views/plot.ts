/// <reference lib="dom" />
/**
 * Curves by uPlot, with a name and in the colours of the page.
 *
 * @module
 */
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { colorOf, onSchemeChange } from "./colors.ts";
import { html } from "./html.ts";

/** A curve of a chart. */
export interface PlotSeries {
  readonly label: string;
  /** Name of the style's variable with its colour. */
  readonly color: string;
  /** Whether its points are marked. */
  readonly points?: boolean;
}

/** What a chart shows. */
export interface PlotProps {
  /** Name and content in words, for whoever does not see it. */
  readonly name: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly PlotSeries[];
  /** Positions, then the values of each series; null leaves a gap. */
  readonly data: uPlot.AlignedData;
  readonly logX?: boolean;
  readonly logY?: boolean;
  /** Range of the y axis; default: that of the values. */
  readonly yRange?: readonly [number, number];
  /** Position of a vertical line, whose values the legend shows while the pointer is away; default: none. */
  readonly mark?: number;
}

const height = 240;

/** A chart. */
export function plot(props: PlotProps) {
  const home = useRef<HTMLDivElement>(null), chart = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const shape = JSON.stringify([
    props.series,
    props.logX,
    props.logY,
    props.xLabel,
    props.yLabel,
    props.yRange,
  ]);
  useEffect(() => {
    const element = home.current;
    if (element === null) return;
    const draw = () => {
      chart.current?.destroy();
      element.replaceChildren();
      chart.current = new uPlot(optionsOf(latest, element.clientWidth), latest.current.data, element);
    };
    draw();
    const endSchemes = onSchemeChange(draw);
    const sizes = new ResizeObserver(() => {
      if (chart.current?.width !== element.clientWidth) {
        chart.current?.setSize({ width: element.clientWidth, height });
      }
    });
    sizes.observe(element);
    return () => {
      sizes.disconnect();
      endSchemes();
      chart.current?.destroy();
      chart.current = null;
    };
  }, [shape]);
  useEffect(() => {
    chart.current?.setData(props.data);
  }, [props.data, props.mark]);
  return html`<div class="plot" role="img" aria-label=${props.name} ref=${home}></div>`;
}

function optionsOf(latest: { readonly current: PlotProps }, width: number): uPlot.Options {
  const { series, xLabel, yLabel, logX, logY, yRange } = latest.current;
  const color = colorOf;
  const axis = (label: string, isLog: boolean | undefined): uPlot.Axis => ({
    label,
    labelSize: 22,
    stroke: color("soft"),
    grid: { stroke: color("line"), width: 1, ...(isLog && { filter: powersOfTen }) },
    ticks: { stroke: color("line"), width: 1, ...(isLog && { filter: powersOfTen }) },
    ...(isLog && { filter: powersOfTen, values: (_, splits) => splits.map(powerText) }),
  });
  return {
    width,
    height,
    cursor: { y: false },
    scales: {
      x: { time: false, ...(logX && { distr: 3 }) },
      y: { ...(logY && { distr: 3 }), ...(yRange && { range: [...yRange] as [number, number] }) },
    },
    axes: [axis(xLabel, logX), { ...axis(yLabel, logY), size: 56 }],
    series: [
      {
        label: xLabel,
        value: (chart, x) => {
          const shown = isAway(chart) ? latest.current.mark : x;
          return shown === undefined ? "last" : shown === null ? "–" : String(Number(shown.toPrecision(3)));
        },
      },
      ...series.map(({ label, color: name, points = false }): uPlot.Series => ({
        label,
        stroke: color(name),
        width: 1.6,
        points: { show: points },
        spanGaps: true,
        value: (chart, value, i) => {
          const shown = isAway(chart) ? restingValue(chart, i, latest.current.mark) : value;
          return shown == null ? "–" : shown.toPrecision(4);
        },
      })),
    ],
    hooks: {
      draw: [(chart) => {
        const { mark } = latest.current;
        if (mark === undefined) return;
        const x = Math.round(chart.valToPos(mark, "x", true)), { top, height } = chart.bbox;
        chart.ctx.save();
        chart.ctx.strokeStyle = color("mark");
        chart.ctx.lineWidth = 2 * devicePixelRatio;
        chart.ctx.beginPath();
        chart.ctx.moveTo(x, top);
        chart.ctx.lineTo(x, top + height);
        chart.ctx.stroke();
        chart.ctx.restore();
      }],
    },
  };
}

const isAway = ({ cursor }: uPlot): boolean => (cursor.left ?? -1) < 0;

/** Returns the value of a series at the mark, or its last value if there is no mark. */
function restingValue({ data }: uPlot, series: number, mark: number | undefined): number | null | undefined {
  const values = Array.from(data[series]), [xs] = data;
  if (mark === undefined) return values.findLast((value) => value != null);
  const distance = (i: number) => Math.abs(xs[i] - mark);
  return values[values.reduce((best: number, _, i) => distance(i) < distance(best) ? i : best, 0)];
}

const mostDecades = 6; // more labels would not fit beside each other

/** Keeps the powers of ten of a logarithmic axis, of many every third. */
function powersOfTen(_: uPlot, splits: number[]): (number | null)[] {
  const powers = splits.map((value) => Math.log10(value));
  const whole = powers.filter((power) => Math.abs(power - Math.round(power)) < 1e-9);
  const every = whole.length > mostDecades ? 3 : 1;
  return splits.map((value, i) => {
    const power = Math.round(powers[i]);
    return Math.abs(powers[i] - power) < 1e-9 && power % every === 0 ? value : null;
  });
}

/** Returns "0.01" or "1e-9"; a value that was left out has no text. */
function powerText(value: number | null): string | null {
  if (value === null) return null;
  const power = Math.round(Math.log10(value));
  return power < -3 || power > 3 ? `1e${power}` : String(10 ** power);
}
