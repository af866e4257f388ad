/**
 * What the lecture looks at in a deep net: how activations, gradients and updates are spread, layer by layer.
 *
 * @module
 */
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import type { TorchRandom } from "../../../kernels/random/torch_random.ts";
import type { DeviceTrainer, StepInspection } from "../../../stages/train/on_device/device_trainer.ts";
import { valueStats } from "../../../stages/inspect/value_stats.ts";
import { type Item, progress } from "../item.ts";

/** A layer's values and the loss's gradient of them. */
export interface LayerStats {
  /** Index of the layer in the net. */
  readonly layer: number;
  readonly values: ArrayLike<number>;
  readonly gradients: ArrayLike<number>;
  readonly mean: number;
  readonly std: number;
  /** Share above 0.97 in size. */
  readonly saturated: number;
  readonly gradientStd: number;
}

/** The layers of a look by their numbers, `layers`: those after tanh. */
export function layerStats(
  { values, gradients }: StepInspection,
  layers: readonly number[],
): readonly LayerStats[] {
  return layers.map((layer) => {
    const own = values[`layers.${layer}`].data, slopes = gradients[`layers.${layer}`].data;
    const { mean, std, saturated } = valueStats(own);
    return { layer, values: own, gradients: slopes, mean, std, saturated, gradientStd: stdOf(slopes) };
  });
}

/** A weight and its gradient. */
export interface WeightStats {
  /** "layers.2.weight". */
  readonly name: string;
  /** "30 × 100". */
  readonly shape: string;
  readonly gradients: ArrayLike<number>;
  readonly std: number;
  /** Standard deviation of the gradient over that of the weight. */
  readonly ratio: number;
}

/** The net's matrices, in order. */
export function weightStats({ gradients }: StepInspection, weights: TensorMap): readonly WeightStats[] {
  return matricesOf(weights).map((name) => {
    const { shape, data } = weights[name], slopes = gradients[name].data, std = stdOf(slopes);
    return { name, shape: shape.join(" × "), gradients: slopes, std, ratio: std / stdOf(data) };
  });
}

/** How a net's matrices moved. */
export interface UpdateTrace {
  readonly names: readonly string[];
  /** Steps that were looked at. */
  readonly steps: readonly number[];
  /** For each of them and each matrix: log10 of the update's spread over that of the weight. */
  readonly ratios: readonly (readonly number[])[];
  /** The loss of step 0. */
  readonly first: number;
  /** Of the last step, before its update. */
  readonly last: StepInspection;
}

/** How the trace is taken. */
export interface UpdateTraceOptions {
  /** Number of the last step, from 0. */
  readonly until: number;
  /** Steps from look to look. */
  readonly every: number;
  readonly random: TorchRandom;
  /** Batches are drawn from the first so many examples. */
  readonly among: number;
  readonly batch: number;
  readonly rate: number;
}

/** Trains, and looks at every few steps and the last one: its batch's gradients beside the weights that it makes. */
export async function* updateTrace(
  net: DeviceTrainer,
  { until, every, random, among, batch, rate }: UpdateTraceOptions,
): AsyncGenerator<Item, UpdateTrace> {
  const names = matricesOf(await net.weights()), steps: number[] = [], ratios: number[][] = [];
  let first = NaN;
  for (let step = 0;; step += every) {
    const count = Math.min(every, until + 1 - step);
    const rows = random.randint(count * batch, { high: among }),
      look = await net.inspect(rows.slice(0, batch));
    if (step === 0) first = look.loss;
    await net.train({ rows: rows.slice(0, batch), rates: rate });
    const weights = await net.weights();
    steps.push(step);
    ratios.push(names.map((name) => {
      return Math.log10(rate * stdOf(look.gradients[name].data) / stdOf(weights[name].data));
    }));
    yield progress(`step ${step} of ${until}: loss ${look.loss.toFixed(4)}`);
    if (step + every > until) return { names, steps, ratios, first, last: look };
    if (count > 1) await net.train({ rows: rows.slice(batch), rates: rate });
  }
}

/** The names of what has two axes. */
export function matricesOf(weights: TensorMap): readonly string[] {
  return Object.keys(weights).filter((name) => weights[name].shape.length === 2);
}

/** With divisor n - 1, as torch's. */
export function stdOf(values: ArrayLike<number>): number {
  let sum = 0, squares = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  const mean = sum / values.length;
  for (let i = 0; i < values.length; i++) squares += (values[i] - mean) ** 2;
  return Math.sqrt(squares / (values.length - 1));
}
