/**
 * Leaves of a model's graphs. Programs of one session share the leaves that have the same label.
 *
 * @module
 */
import type { Graph, Tensor } from "../../kernels/core/graph.ts";
import type { NamedSpec } from "../../kernels/core/pack.ts";
import type { DType, Shape } from "../../kernels/core/tensor.ts";

/** Returns a leaf that the host writes before a run. */
export function inputLeaf(graph: Graph, label: string, shape: Shape, dtype: DType = "u32"): Tensor {
  return graph.leaf(label, { shape, dtype }, "input");
}

/** Returns a leaf that the host reads after a run. */
export function outputLeaf(graph: Graph, label: string, shape: Shape): Tensor {
  return graph.leaf(label, { shape, dtype: "f32" }, "output");
}

/** Returns the label of a parameter's gradient. */
export function gradientLabel({ label }: Pick<NamedSpec, "label">): string {
  return `${label}/grad`;
}

/** Returns the buffer in which a parameter's gradient is summed over micro-batches. */
export function gradientLeaf(graph: Graph, parameter: NamedSpec): Tensor {
  return graph.leaf(gradientLabel(parameter), parameter, "gradient");
}

/** Label of the sum of the weighted losses of a step's micro-batches. */
export const lossSumLabel = "loss/sum";

/** Returns the sum of the weighted losses of a step's micro-batches, f32 [1]. */
export function lossSum(graph: Graph): Tensor {
  return outputLeaf(graph, lossSumLabel, [1]);
}

/** Returns the label of one of the model's probes in the program `inspect`. */
export function probeLabel(name: string): string {
  return `probe/${name}`;
}
