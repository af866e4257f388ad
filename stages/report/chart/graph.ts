/**
 * Graphs of boxes and arrows, such as values and the operations between them.
 *
 * @module
 */
import { importPackage } from "../../disk/packages.ts";
import { truncate } from "../terminal_text.ts";
import { escaped } from "../../format/viewer/notebook.ts";
import { type Chart, chartOf, listed } from "./chart.ts";

/** A node: a box of fields, or a round node with a sign such as "+". */
export interface GraphNode {
  /** Name of the node; edges refer to it. */
  readonly id: string;
  /** Texts of a box's fields, from left to right, or the sign of a round node. */
  readonly fields: readonly string[];
  /** Whether the node is round (default: a box). */
  readonly round?: boolean;
}

/** Options of `graphChart`. */
export interface GraphOptions {
  /** Title above the graph (default: none). */
  readonly title?: string;
  /** Nodes, in any order. */
  readonly nodes: readonly GraphNode[];
  /** Edges as pairs of node ids. */
  readonly edges: readonly (readonly [from: string, to: string])[];
  /** Direction of the edges: "LR", left to right (default), or "TB", top to bottom. */
  readonly direction?: "LR" | "TB";
  /**
   * Whether nodes of a layer stand in the order in which they are given, as the letters of a word must
   * (default: in the order with the fewest crossings).
   */
  readonly keepOrder?: boolean;
}

const letterWidth = 6.6; // pixels, in a fixed-width font of 11 px
const nodeHeight = 28; // pixels
const fieldPadding = 16; // pixels, left and right of a field's text together

/** Returns a graph, laid out in layers by dagre. Throws RangeError for a direction other than LR and TB. */
export function graphChart(
  { title = "", nodes, edges, direction = "LR", keepOrder = false }: GraphOptions,
): Chart {
  if (direction !== "LR" && direction !== "TB") {
    throw new RangeError(`Cannot draw a graph in direction ${direction}: give LR or TB`);
  }
  return chartOf({
    title,
    describe: () => `Graph: ${listed(textLines(nodes, edges), 60)}`,
    html: () => svg({ nodes, edges, direction, keepOrder }),
    lines: (columns) => textLines(nodes, edges).map((line) => truncate(line, columns)),
  });
}

async function svg(
  { nodes, edges, direction, keepOrder }: Required<Omit<GraphOptions, "title">>,
): Promise<string> {
  const { default: dagre } = await importPackage("@dagrejs/dagre");
  const graph = new dagre.graphlib.Graph({ multigraph: true }); // two edges may join the same nodes
  graph.setGraph({ rankdir: direction, nodesep: 14, ranksep: 30, marginx: 4, marginy: 4 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id, fields, round = false } of nodes) {
    graph.setNode(id, {
      width: round
        ? Math.max(nodeHeight, fields[0].length * letterWidth + fieldPadding)
        : fieldEnds(fields).at(-1) ?? 0,
      height: nodeHeight,
    });
  }
  edges.forEach(([from, to], i) => graph.setEdge(from, to, {}, String(i)));
  dagre.layout(graph, { disableOptimalOrderHeuristic: keepOrder });
  const { width = 0, height = 0 } = nodes.length === 0 ? {} : graph.graph();
  const tenth = (n: number): number => Math.round(10 * n) / 10;
  const arrows = graph.edges().map((edge) => {
    const points: readonly { x: number; y: number }[] = graph.edge(edge).points ?? [];
    return `<path d="M${points.map(({ x, y }) => `${tenth(x)},${tenth(y)}`).join("L")}"></path>`;
  });
  const shapes = nodes.map(({ id, fields, round = false }) => {
    const { x, y, width } = graph.node(id);
    return `<g transform="translate(${tenth(x - width / 2)},${tenth(y - nodeHeight / 2)})">${
      round ? roundNode(fields[0], width) : box(fields)
    }</g>`;
  });
  return `<svg width="${Math.ceil(width)}" height="${Math.ceil(height)}" viewBox="0 0 ${Math.ceil(width)} ${
    Math.ceil(height)
  }" font-family="ui-monospace, monospace" font-size="11" text-anchor="middle" fill="currentColor" style="min-width:${
    Math.min(Math.ceil(width), 720) // in a narrow page the graph scrolls instead of shrinking
  }px">` +
    `<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">` +
    `<path d="M0,0L8,4L0,8z" fill="currentColor"></path></marker></defs>` +
    `<g fill="none" stroke="currentColor" stroke-opacity=".55">${
      arrows.map((arrow) => arrow.replace("<path", '<path marker-end="url(#arrow)"')).join("")
    }</g>${shapes.join("")}</svg>`;
}

/** Returns the right end of each field of a box, in pixels. */
function fieldEnds(fields: readonly string[]): number[] {
  let end = 0;
  return fields.map((field) => end += field.length * letterWidth + fieldPadding);
}

function box(fields: readonly string[]): string {
  const ends = fieldEnds(fields);
  const texts = fields.map((field, i) =>
    `<text x="${((ends[i - 1] ?? 0) + ends[i]) / 2}" y="${nodeHeight / 2}" dy=".35em">${
      escaped(field)
    }</text>`
  );
  const walls = ends.slice(0, -1).map((x) => `M${x},0V${nodeHeight}`);
  return `<path d="M0,0H${ends.at(-1)}V${nodeHeight}H0z${
    walls.join("")
  }" fill="none" stroke="currentColor" stroke-opacity=".7"></path>${texts.join("")}`;
}

function roundNode(sign: string, width: number): string {
  return `<rect width="${width}" height="${nodeHeight}" rx="${
    nodeHeight / 2
  }" fill="var(--c0)" fill-opacity=".18" stroke="var(--c0)"></rect>` +
    `<text x="${width / 2}" y="${nodeHeight / 2}" dy=".35em">${escaped(sign)}</text>`;
}

/** Returns one line for each box, with the operation and the boxes that it is computed from. */
function textLines(nodes: readonly GraphNode[], edges: GraphOptions["edges"]): string[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const into = Map.groupBy(edges, ([, to]) => to);
  const numbers = new Map(nodes.filter(({ round }) => !round).map(({ id }, i) => [id, i + 1]));
  const nameOf = (id: string): string => {
    const node = byId.get(id);
    if (node === undefined) return "?";
    return node.round ? `${node.fields[0]}(${madeFrom(id)})` : `#${numbers.get(id)}`;
  };
  const madeFrom = (id: string): string => (into.get(id) ?? []).map(([from]) => nameOf(from)).join(", ");
  return nodes.filter(({ round }) => !round).map(({ id, fields }) => {
    const from = madeFrom(id);
    return `#${numbers.get(id)} ${fields.filter((field) => field !== "").join("  ")}${
      from === "" ? "" : `  = ${from}`
    }`;
  });
}
