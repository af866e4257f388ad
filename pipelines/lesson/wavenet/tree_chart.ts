/**
 * The tree in which a WaveNet joins letters, and why it is a convolution.
 *
 * @module
 */
import type { Chart } from "../../../stages/report/chart/chart.ts";
import { graphChart } from "../../../stages/report/chart/graph.ts";
import { heading, type Item, say, table } from "../item.ts";

/**
 * Draws the tree: the letters, their pairs, pairs of pairs, and so on. The number of letters is a power of
 * two.
 */
export function treeChart(letters: readonly string[]): Chart {
  const nodes = letters.map((letter, i) => ({ id: `0.${i}`, fields: [letter] }));
  const edges: [string, string][] = [];
  for (let row = 1, count = letters.length / 2; count >= 1; row++, count /= 2) {
    for (let i = 0; i < count; i++) {
      nodes.push({ id: `${row}.${i}`, fields: [letters.slice(i * 2 ** row, (i + 1) * 2 ** row).join("")] });
      edges.push([`${row - 1}.${2 * i}`, `${row}.${i}`], [`${row - 1}.${2 * i + 1}`, `${row}.${i}`]);
    }
  }
  return graphChart({ nodes, edges, direction: "TB", keepOrder: true });
}

/** Explains why WaveNet's authors call the tree a convolution. */
export function* convolutionSection(): Generator<Item> {
  yield heading("Why it is called a convolution");
  yield say(
    "The next example of a name is shifted by one letter, and most of its tree has been computed already: a pair of letters has the same vector in every tree that contains it. When all examples of a text are processed at once, each layer needs only one vector per letter. It computes this vector from its inputs at that letter and 1, 2 or 4 letters before, depending on the layer. This is called a dilated causal convolution. The net and its results stay the same; only the amount of computation changes:",
  );
  yield table(
    ["context", "layers", "vectors per example: separate trees", "shared vectors"],
    [3, 4, 5, 10].map((depth) => [2 ** depth, depth, 2 ** depth - 1, depth]),
  );
  yield say(
    "WaveNet's layers also have parts that ours do not have: a gate (the tanh of one product times the sigmoid of another), residual connections and skip connections.",
  );
}
