/**
 * Statistics that show whether a deep net can learn: standard deviations of activations, gradients and
 * updates, layer by layer.
 *
 * @module
 */
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import type { TorchRandom } from "../../../kernels/random/torch_random.ts";
import type { DeviceTrainer, StepInspection } from "../../../stages/train/on_device/device_trainer.ts";
import { valueStats } from "../../../stages/inspect/value_stats.ts";
import { type Item, progress } from "../item.ts";

/** Values of a layer, and the gradient of the loss with respect to them. */
export interface LayerStats {
  readonly values: ArrayLike<number>;
  readonly gradients: ArrayLike<number>;
  readonly mean: number;
  readonly std: number;
  /** Fraction of values beyond ±0.97. */
  readonly saturated: number;
  readonly gradientStd: number;
}

/** Returns statistics of the layers with the given indices. */
export function layerStats(
  { values, gradients }: StepInspection,
  layers: readonly number[],
): readonly LayerStats[] {
  return layers.map((layer) => {
    const layerValues = values[`layers.${layer}`].data, layerGradients = gradients[`layers.${layer}`].data;
    const { mean, std, saturated } = valueStats(layerValues);
    return {
      values: layerValues,
      gradients: layerGradients,
      mean,
      std,
      saturated,
      gradientStd: stdOf(layerGradients),
    };
  });
}

/** A weight matrix and its gradient. */
export interface WeightStats {
  /** Shape as text, for example "30 × 100". */
  readonly shape: string;
  readonly gradients: ArrayLike<number>;
  /** Standard deviation of the gradient. */
  readonly gradientStd: number;
  /** Standard deviation of the gradient, divided by the standard deviation of the weight. */
  readonly ratio: number;
}

/** Returns statistics of the weight matrices; the order is that of the matrices in the net. */
export function weightStats({ gradients }: StepInspection, weights: TensorMap): readonly WeightStats[] {
  return matricesOf(weights).map((name) => {
    const { shape, data } = weights[name], gradient = gradients[name].data, gradientStd = stdOf(gradient);
    return { shape: shape.join(" × "), gradients: gradient, gradientStd, ratio: gradientStd / stdOf(data) };
  });
}

/** Sizes of the updates of a net's weight matrices, relative to the weights. */
export interface UpdateTrace {
  /** Names of the matrices. */
  readonly names: readonly string[];
  /** Indices of the steps that were inspected. */
  readonly steps: readonly number[];
  /**
   * For each inspected step and each matrix: log10 of the update's standard deviation divided by the weight's
   * standard deviation.
   */
  readonly ratios: readonly (readonly number[])[];
  /** Loss of step 0. */
  readonly firstLoss: number;
  /** Values and gradients of the last step, before its update. */
  readonly last: StepInspection;
}

/** Settings of the training, and the steps that are inspected. */
export interface UpdateTraceOptions {
  /** Index of the last step; the first step has index 0. */
  readonly until: number;
  /** Number of steps between inspections. */
  readonly every: number;
  /** Random generator for the row indices of the batches. */
  readonly random: TorchRandom;
  /** Batches are drawn from the first `among` examples. */
  readonly among: number;
  readonly batch: number;
  /** Learning rate. */
  readonly rate: number;
}

/** Trains a net and compares the updates with the weights, every few steps and at the last step. */
export async function* updateTrace(
  net: DeviceTrainer,
  { until, every, random, among, batch, rate }: UpdateTraceOptions,
): AsyncGenerator<Item, UpdateTrace> {
  const names = matricesOf(await net.weights()), steps: number[] = [], ratios: number[][] = [];
  let firstLoss = NaN;
  for (let step = 0;; step += every) {
    const count = Math.min(every, until + 1 - step), rows = random.randint(count * batch, { high: among });
    const inspection = await net.inspect(rows.slice(0, batch));
    if (step === 0) firstLoss = inspection.loss;
    await net.train({ rows: rows.slice(0, batch), rates: rate });
    const weights = await net.weights();
    steps.push(step);
    // #region ratios
    ratios.push(names.map((name) => {
      return Math.log10(rate * stdOf(inspection.gradients[name].data) / stdOf(weights[name].data));
    }));
    // #endregion
    yield progress(`step ${step} of ${until}: loss ${inspection.loss.toFixed(4)}`);
    if (step + every > until) return { names, steps, ratios, firstLoss, last: inspection };
    if (count > 1) await net.train({ rows: rows.slice(batch), rates: rate });
  }
}

/** Returns the names of the weights that are matrices. */
export function matricesOf(weights: TensorMap): readonly string[] {
  return Object.keys(weights).filter((name) => weights[name].shape.length === 2);
}

/** Returns the standard deviation with divisor `n - 1`, as in torch's `std`. */
export function stdOf(values: ArrayLike<number>): number {
  let sum = 0, squares = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  const mean = sum / values.length;
  for (let i = 0; i < values.length; i++) squares += (values[i] - mean) ** 2;
  return Math.sqrt(squares / (values.length - 1));
}
