/**
 * Shapes inside the nets of the WaveNet lesson: outputs of layers and running statistics.
 *
 * @module
 */
import { Graph } from "../../../kernels/core/graph.ts";
import { RootScope } from "../../../kernels/core/scope.ts";
import type { ContextNet } from "../../../kernels/models/course/name_nets.ts";
import { type Item, table } from "../item.ts";

/** Returns the shapes of the outputs of a net's layers, for inputs [examples, context]. */
export function layerShapes(net: ContextNet, examples: number): readonly (readonly number[])[] {
  return [...scopeOf(net, examples).probes.values()].map(({ shape }) => shape);
}

/** Returns the shapes of a net's running statistics, keyed by name. */
export function runningShapes(net: ContextNet): ReadonlyMap<string, readonly number[]> {
  return new Map([...scopeOf(net, 1).buffers].map(([name, { tensor }]) => [name, tensor.shape]));
}

function scopeOf(net: ContextNet, examples: number): RootScope {
  const graph = new Graph(), scope = new RootScope(graph);
  net.forward(scope, graph.leaf("tokens", { shape: [examples, net.context], dtype: "u32" }, "input"));
  return scope;
}

/**
 * Returns a table of a net's layers and the shapes of their outputs for a batch. `layers` are the layers'
 * names in order.
 */
export function layersTable(
  net: ContextNet,
  { layers, batch }: { readonly layers: readonly string[]; readonly batch: number },
): Item {
  const shapes = layerShapes(net, batch);
  return table(["layer", "output"], [
    ["tokens", `[${batch}, ${net.context}]`],
    ...layers.map((name, i) => [name, `[${shapes[i].join(", ")}]`]),
  ]);
}

/** Returns the names of the layers of a WaveNet. */
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
