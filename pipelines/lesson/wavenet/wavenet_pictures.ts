/**
 * What the WaveNet lesson shows of its nets: shapes layer by layer, the tree, what sharing it saves.
 *
 * @module
 */
import type { ContextNet } from "../../../kernels/models/course/name_nets.ts";
import { type Chart } from "../../../stages/report/chart/chart.ts";
import { graphChart } from "../../../stages/report/chart/graph.ts";
import { heading, type Item, say, table } from "../item.ts";
import { shapesOf } from "./name_nets.ts";

/** Layers of a net, and the shape of what each gives for `batch` examples. `layers` names them, in their order. */
export function layersTable(
  net: ContextNet,
  { layers, batch }: { readonly layers: readonly string[]; readonly batch: number },
): Item {
  const shapes = shapesOf(net, batch);
  return table(["layer", "gives"], [
    ["tokens", `[${batch}, ${net.context}]`],
    ...layers.map((name, i) => [name, `[${shapes[i].join(", ")}]`]),
  ]);
}

/** Names of the WaveNet's layers. */
export function wavenetLayers(
  { letters, channels, hidden, depth = 3 }: {
    readonly letters: number;
    readonly channels: number;
    readonly hidden: number;
    readonly depth?: number;
  },
): string[] {
  return [
    `Embedding(${letters}, ${channels})`,
    ...Array.from({ length: depth }, (_, i) => [
      "FlattenConsecutive(2)",
      `Linear(${2 * (i === 0 ? channels : hidden)}, ${hidden}), no bias`,
      `BatchNorm(${hidden})`,
      "Tanh()",
    ]).flat(),
    `Linear(${hidden}, ${letters})`,
  ];
}

/** Eight letters, four pairs, two fours, one vector. */
export function treeChart(letters: string): Chart {
  const nodes = [...letters].map((letter, i) => ({ id: `0.${i}`, fields: [letter] }));
  const edges: [string, string][] = [];
  for (let row = 1, count = letters.length / 2; count >= 1; row++, count /= 2) {
    for (let i = 0; i < count; i++) {
      nodes.push({ id: `${row}.${i}`, fields: [letters.slice(i * 2 ** row, (i + 1) * 2 ** row)] });
      edges.push([`${row - 1}.${2 * i}`, `${row}.${i}`], [`${row - 1}.${2 * i + 1}`, `${row}.${i}`]);
    }
  }
  return graphChart({ nodes, edges, direction: "TB" });
}

/** Why WaveNet's authors call the tree a convolution. */
export function* sharedTree(): Generator<Item> {
  yield heading("Why it is called a convolution");
  yield say(
    "The next example is the same name one letter on, and most of its tree was computed before: a pair is a pair wherever it stands. All examples of a text at once need each layer once at each letter, from what stands 1, 2, 4 … letters before: a dilated causal convolution. It is the same net, and only a matter of speed:",
  );
  yield table(
    ["context", "layers", "vectors an example, each tree by itself", "shared"],
    [3, 4, 5, 10].map((depth) => [2 ** depth, depth, 2 ** depth - 1, depth]),
  );
  yield say(
    "WaveNet's layers are richer than ours: tanh of one product times sigmoid of another (a gate), and residual and skip connections around them.",
  );
}
