/**
 * Draws how a `Value` was computed, like micrograd's `draw_dot`.
 *
 * @module
 */
import { trace, type Value } from "../../../kernels/models/course/micrograd.ts";
import type { Chart } from "../../../stages/report/chart/chart.ts";
import { graphChart, type GraphNode } from "../../../stages/report/chart/graph.ts";

/**
 * Returns a chart of a graph with a box for each `Value`. The box shows the label of the `Value`, and the
 * data and gradient to four decimals. A round node with the operation precedes each computed `Value`. Throws
 * RangeError for a direction other than LR (left to right) and TB (top to bottom).
 */
export function valueGraph(
  root: Value,
  { title = "", direction = "LR" }: { readonly title?: string; readonly direction?: "LR" | "TB" } = {},
): Chart {
  const { nodes, edges } = trace(root);
  const ids = new Map(nodes.map((node, i) => [node, `v${i}`]));
  const id = (node: Value): string => ids.get(node) ?? "";
  return graphChart({
    title,
    direction,
    nodes: nodes.flatMap((node): GraphNode[] => [
      {
        id: id(node),
        fields: [
          ...(node.label === "" ? [] : [node.label]),
          `data ${node.data.toFixed(4)}`,
          `grad ${node.grad.toFixed(4)}`,
        ],
      },
      ...(node.op === "" ? [] : [{ id: `${id(node)} op`, fields: [node.op], round: true }]),
    ]),
    edges: [
      ...edges.map(([from, to]) => [id(from), `${id(to)} op`] as const),
      ...nodes.filter(({ op }) => op !== "").map((node) => [`${id(node)} op`, id(node)] as const),
    ],
  });
}
