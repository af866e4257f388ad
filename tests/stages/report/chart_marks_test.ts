/** Tests that charts have as many marks as data, whatever the names and values, and say so in words. */
import { ok, strictEqual } from "node:assert/strict";
import stringWidth from "string-width";
import { PythonRandom } from "../../../kernels/random/python_random.ts";
import { barChart } from "../../../stages/report/chart/bars.ts";
import { boundaryChart } from "../../../stages/report/chart/boundary.ts";
import type { Chart } from "../../../stages/report/chart/chart.ts";
import { graphChart } from "../../../stages/report/chart/graph.ts";
import { heatmapChart } from "../../../stages/report/chart/heatmap.ts";
import { histogramChart } from "../../../stages/report/chart/histogram.ts";
import { lineChart } from "../../../stages/report/chart/line.ts";
import { scatterChart } from "../../../stages/report/chart/scatter.ts";

/** Names that are often equal, and wide, empty or like markup. */
const names = ["a", "a", "", "中文", "李小龍 🙂", "b c", "0", "<g>", "\u0301"];

class Draw {
  readonly #random: PythonRandom;
  constructor(seed: number) {
    this.#random = new PythonRandom(seed);
  }
  integer(low: number, high: number): number {
    return low + Math.floor(this.#random.random() * (high - low + 1));
  }
  name(): string {
    return names[this.integer(0, names.length - 1)];
  }
  /** A number of any size and sign, sometimes 0 or NaN. */
  number(): number {
    const kind = this.integer(0, 9);
    if (kind === 0) return NaN;
    if (kind === 1) return 0;
    return (this.#random.random() - .5) * 10 ** this.integer(-3, 5);
  }
  many<T>(low: number, high: number, one: (i: number) => T): T[] {
    return Array.from({ length: this.integer(low, high) }, (_, i) => one(i));
  }
}

const count = (html: string, mark: RegExp): number => html.match(mark)?.length ?? 0;

/** Returns the text of the group of an SVG that Plot names. */
function groups(html: string, label: string): string {
  return [...html.matchAll(new RegExp(`<g [^>]*data-mark="${label}"[^>]*>([^]*?)</g>`, "g"))]
    .map(([, inner]) => inner).join("");
}

const rounds = 15;

/** Draws a chart in many rounds. `expected` returns the marks that it must have, by their pattern. */
function marksTest(
  kind: string,
  make: (draw: Draw) => { chart: Chart; marks(html: string): readonly (readonly [string, number, number])[] },
): void {
  Deno.test(`${kind} has as many marks as data, and describes them`, async () => {
    for (let seed = 0; seed < rounds; seed++) {
      const { chart, marks } = make(new Draw(seed)), html = await chart.html();
      for (const [what, found, expected] of marks(html)) {
        strictEqual(found, expected, `${kind}, seed ${seed}: ${what}`);
      }
      ok(!/NaN|undefined|Infinity/.test(html), `${kind}, seed ${seed}: ${html}`);
      const label = /<svg role="img" aria-label="([^"]*)"/.exec(html)?.[1] ?? "";
      ok(/\d/.test(label) || /no values|: $/.test(label), `${kind}, seed ${seed}: "${label}"`);
      for (const columns of [20, 80]) {
        for (const line of chart.lines(columns)) {
          ok(stringWidth(line) <= columns, `${kind}, seed ${seed}, ${columns} columns: ${line}`);
        }
      }
    }
  });
}

marksTest("barChart()", (draw) => {
  const bars = draw.many(1, 12, () => ({ name: draw.name(), value: draw.number() || 1 }));
  return {
    chart: barChart({ bars }),
    marks: (html) => [["bars", count(html, /<rect/g), bars.length]],
  };
});

marksTest("lineChart()", (draw) => {
  const logY = draw.integer(0, 1) === 1;
  const series = draw.many(1, 4, () => ({ name: draw.name(), y: draw.many(1, 40, () => draw.number()) }));
  const isShown = (v: number) => Number.isFinite(v) && (!logY || v > 0);
  const shown = series.map(({ y }) => y.filter(isShown).length);
  const marks = draw.many(0, 2, () => ({ y: 1, label: draw.name() }));
  return {
    chart: lineChart({ series, logY, marks }),
    marks: (html) => [
      ["curves", count(groups(html, "line"), /<path/g), shown.filter((n) => n > 0).length],
      ["points", count(groups(html, "line"), /[ML]-?[\d.e-]+,-?[\d.e-]+/g), shown.reduce((a, b) => a + b)],
      ["marks", count(groups(html, "rule"), /<line/g), marks.length],
    ],
  };
});

marksTest("histogramChart()", (draw) => {
  const bins = draw.integer(1, 60);
  const series = draw.many(
    1,
    3,
    () => ({ name: draw.name(), values: draw.many(1, 200, () => draw.number()) }),
  );
  return {
    chart: histogramChart({ series, bins }),
    marks: (html) =>
      series.length === 1 ? [["bins", count(groups(html, "rect"), /<rect/g), bins]] : [
        ["curves", count(groups(html, "line"), /<path/g), series.length],
        ["points", count(groups(html, "line"), /[ML]-?[\d.e-]+,-?[\d.e-]+/g), bins * series.length],
      ],
  };
});

marksTest("heatmapChart()", (draw) => {
  const down = draw.integer(1, 9), across = draw.integer(1, 9);
  const values = Array.from({ length: down }, () => Array.from({ length: across }, () => draw.number()));
  const full = Math.max(...values.flat().map((v) => Math.abs(v) || 0));
  const shaded = values.flat().filter((v) => Math.round(v / full * 16) !== 0 && !Number.isNaN(v / full));
  return {
    chart: heatmapChart({
      values,
      rows: values.map(() => draw.name()),
      columns: values[0].map(() => draw.name()),
      cellText: () => ["text"],
    }),
    marks: (html) => [
      ["cells", count(html, /M[\d.-]+,[\d.-]+H[\d.-]+V[\d.-]+H[\d.-]+z/g), shaded.length],
      ["texts", count(html, />text</g), down * across],
    ],
  };
});

for (const labelled of [false, true]) {
  marksTest(`scatterChart() ${labelled ? "with" : "without"} labels`, (draw) => {
    const points = draw.many(0, 40, () => {
      return {
        x: draw.number(),
        y: draw.number(),
        group: draw.integer(0, 9),
        ...(labelled && { label: draw.name() }),
      };
    });
    const shown = points.filter(({ x, y }) => Number.isFinite(x + y));
    return {
      chart: scatterChart({ points, groups: points.map(() => draw.name()) }),
      marks: (html) => [["points", count(html, /<circle/g), shown.length]],
    };
  });
}

marksTest("boundaryChart()", (draw) => {
  const points = draw.many(
    1,
    40,
    () => ({ x: draw.number() || 1, y: draw.number() || 1, group: draw.integer(0, 1) }),
  );
  return {
    chart: boundaryChart({
      x: [-1, 1],
      y: [-1, 1],
      step: .25,
      score: (x, y) => x - y,
      points,
      groups: [draw.name(), draw.name()],
    }),
    marks: (html) => [["points", count(html, /<circle/g), points.length]],
  };
});

marksTest("graphChart()", (draw) => {
  const nodes = draw.many(
    2,
    12,
    (i) => ({ id: String(i), fields: [draw.name(), "1"], round: draw.integer(0, 3) === 0 }),
  );
  const edges = draw.many(0, 20, () => {
    const to = draw.integer(1, nodes.length - 1);
    return [String(draw.integer(0, to - 1)), String(to)] as const;
  });
  return {
    chart: graphChart({ nodes, edges }),
    marks: (html) => [
      ["arrows", count(html, /marker-end/g), edges.length],
      ["nodes", count(html, /<g transform/g), nodes.length],
    ],
  };
});
