/** Charts of every kind, for tests. @module */
import { normals } from "../../../kernels/random/philox.ts";
import { barChart } from "../../../stages/report/chart/bars.ts";
import { boundaryChart } from "../../../stages/report/chart/boundary.ts";
import type { Chart } from "../../../stages/report/chart/chart.ts";
import { graphChart } from "../../../stages/report/chart/graph.ts";
import { heatmapChart } from "../../../stages/report/chart/heatmap.ts";
import { histogramChart } from "../../../stages/report/chart/histogram.ts";
import { lineChart } from "../../../stages/report/chart/line.ts";
import { scatterChart } from "../../../stages/report/chart/scatter.ts";

/** A chart of each kind, with `text` as every title, label and name. */
export function charts(text: string): Record<string, Chart> {
  const points = [{ x: 0, y: 0, label: text }, { x: 1, y: 2, group: 1 }, { x: NaN, y: 1 }];
  return {
    line: lineChart({
      title: text,
      xLabel: text,
      yLabel: text,
      logY: true,
      series: [{ name: text, y: [3, 2, NaN, 1] }, { name: "b", x: [1, 2], y: [.5, 0] }],
      marks: [{ y: 1, label: text }],
    }),
    histogram: histogramChart({
      series: [{ name: text, values: normals(1, "h", 500) }, { name: "b", values: [0] }],
    }),
    oneHistogram: histogramChart({ series: [{ name: text, values: normals(1, "h", 500) }], xLabel: text }),
    heatmap: heatmapChart({
      values: [[1, -2, 0], [NaN, 3, 4]],
      rows: [text, "b"],
      columns: ["a", text, "c"],
      cellText: (row, column) => [text, `${row} ${column}`],
    }),
    scatter: scatterChart({ points, groups: [text, "b"], xLabel: text }),
    boundary: boundaryChart({
      x: [-1, 1],
      y: [-1, 1],
      step: .25,
      score: (x, y) => x + y,
      points,
      groups: [text, "b"],
    }),
    bars: barChart({ bars: [{ name: text, value: 2 }, { name: "b", value: 0 }], xLabel: text }),
    graph: graphChart({
      nodes: [{ id: "a", fields: [text, "1"] }, { id: "op", fields: [text], round: true }],
      edges: [["a", "op"]],
    }),
  };
}
