/**
 * Values inside a net during one step.
 *
 * @module
 */
import type { TensorMap } from "../../../kernels/core/tensor.ts";

/** Values inside the net during one step. */
export interface StepInspection {
  /** The batch's loss. */
  readonly loss: number;
  /** Values of the probes, keyed by name. */
  readonly values: TensorMap;
  /** Gradients of the loss with respect to probes and parameters, keyed by name. */
  readonly gradients: TensorMap;
}

const suffix = "/gradient";

/** Returns the outputs of the program `inspect`, sorted into probes and gradients. */
export function inspectionOf(outputs: TensorMap): StepInspection {
  const pairs = Object.entries(outputs);
  return {
    loss: outputs.loss.data[0],
    values: Object.fromEntries(pairs.filter(([label]) => label !== "loss" && !label.endsWith(suffix))),
    gradients: Object.fromEntries(
      pairs.filter(([label]) => label.endsWith(suffix))
        .map(([label, tensor]) => [label.slice(0, -suffix.length), tensor]),
    ),
  };
}
