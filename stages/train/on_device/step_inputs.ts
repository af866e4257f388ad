/**
 * Inputs of a chunk of steps, which the host writes.
 *
 * @module
 */
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import { integers } from "../../model/tensor_data.ts";
import { trainerLabels } from "./device_graphs.ts";
import { type DevicePlanOptions, stepsPerChunk } from "./device_options.ts";

/** The examples and learning rates of some steps. */
export interface StepSchedule {
  /** Indices of examples, [steps, batch]. */
  readonly rows: Uint32Array;
  /** One learning rate for all steps, or one per step. */
  readonly rates: number | Float32Array;
}

/**
 * Returns the inputs of a chunk of steps, padded to a whole chunk. `before` is the number of steps before
 * this chunk.
 */
export function stepInputs(
  options: DevicePlanOptions,
  { rows, rates, before, countTargets }: {
    readonly rows: Uint32Array;
    readonly rates: Float32Array;
    readonly before: number;
    readonly countTargets: (rows: Uint32Array) => number;
  },
): TensorMap {
  const { batch } = options, chunk = stepsPerChunk(options);
  const paddedRows = new Uint32Array(chunk * batch), paddedRates = new Float32Array(chunk);
  paddedRows.set(rows);
  paddedRates.set(rates);
  const lossWeights = new Float32Array(chunk);
  for (let i = 0; i < rates.length; i++) {
    lossWeights[i] = 1 / countTargets(rows.subarray(i * batch, (i + 1) * batch));
  }
  return {
    [trainerLabels.rows]: flat(paddedRows),
    [trainerLabels.rates]: flat(paddedRates),
    [trainerLabels.lossWeights]: flat(lossWeights),
    [trainerLabels.steps]: flat(Float32Array.from({ length: chunk }, (_, i) => before + i + 1)),
    [trainerLabels.slot]: integers([1], [0]),
  };
}

/** Returns numbers as a one-dimensional tensor. */
export function flat(data: Uint32Array | Float32Array): TensorMap[string] {
  return { shape: [data.length], data };
}
