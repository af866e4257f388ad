/**
 * Where the stages of a flow are drawn.
 *
 * @module
 */
import dagre from "@dagrejs/dagre";

const gap = { ranks: 30, nodes: 14, rows: 26, margin: 3 };

/** The size of a stage in pixels: two fit side by side on a phone. */
export const sizeFor = (room) => ({
  width: Math.max(140, Math.min(172, Math.floor((room - gap.ranks - 2 * gap.margin) / 2))),
  height: 88,
});

/**
 * Returns the places of the stages and the points of the edges. dagre lays the graph out from left to right;
 * its ranks are then put into rows that fit into `room` pixels; `size` is that of a stage.
 */
export function layout(stages, { room, size }) {
  const { centers, lines } = inOneRow(stages, size);
  const ranks = [...new Set([...centers.values()].map(({ x }) => x))].sort((a, b) => a - b);
  const perRow = Math.max(1, Math.floor((room - 2 * gap.margin + gap.ranks) / (size.width + gap.ranks)));
  const rowOf = (name) => Math.floor(ranks.indexOf(centers.get(name).x) / perRow);
  const rows = Map.groupBy(stages, ({ name }) => rowOf(name));
  const places = new Map(), shifts = [];
  let top = gap.margin, width = 0;
  for (const [row, members] of [...rows].sort(([a], [b]) => a - b)) {
    const at = members.map(({ name }) => centers.get(name));
    const left = Math.min(...at.map(({ x }) => x)), high = Math.min(...at.map(({ y }) => y));
    const shift = shifts[row] = { x: gap.margin - left + size.width / 2, y: top - high + size.height / 2 };
    for (const { name } of members) {
      const { x, y } = centers.get(name);
      places.set(name, { x: x - size.width / 2 + shift.x, y: y - size.height / 2 + shift.y });
    }
    width = Math.max(width, ...members.map(({ name }) => places.get(name).x + size.width + gap.margin));
    top = Math.max(...members.map(({ name }) => places.get(name).y)) + size.height + gap.rows;
  }
  const edges = lines.map(({ stage, points }) => {
    const row = rowOf(stage.name), shift = shifts[row];
    if (row === rowOf(stage.after)) {
      return { stage, points: points.map(({ x, y }) => ({ x: x + shift.x, y: y + shift.y })) };
    }
    return { stage, points: toLaterRow(places.get(stage.after), { to: places.get(stage.name), size }) };
  });
  return { places, edges, width, height: top - gap.rows + gap.margin };
}

/** dagre's layout: the center of each stage, and the line to each stage from the one before it. */
function inOneRow(stages, size) {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: "LR", nodesep: gap.nodes, ranksep: gap.ranks });
  graph.setDefaultEdgeLabel(() => ({}));
  // dagre keeps its nodes in objects, which have names such as "constructor" already.
  const ids = new Map(stages.map(({ name }, i) => [name, `stage ${i}`]));
  const linked = stages.filter(({ after }) => ids.has(after));
  for (const id of ids.values()) graph.setNode(id, { ...size });
  for (const { name, after } of linked) graph.setEdge(ids.get(after), ids.get(name));
  dagre.layout(graph);
  return {
    centers: new Map([...ids].map(([name, id]) => [name, graph.node(id)])),
    lines: linked.map((stage) => ({
      stage,
      points: graph.edge(ids.get(stage.after), ids.get(stage.name)).points,
    })),
  };
}

/** A line from a stage to one in a later row, through the gap above that row. */
function toLaterRow(from, { to, size }) {
  const start = { x: from.x + size.width / 2, y: from.y + size.height };
  const middle = to.x + size.width / 2, turn = to.y - gap.rows / 2;
  return [start, { x: start.x, y: turn }, { x: middle, y: turn }, { x: middle, y: to.y }];
}
