/**
 * Trains the small nets of the lessons as their notebooks do. Batches are drawn by torch's random generator.
 *
 * @module
 */
import type { TensorMap } from "../../kernels/core/tensor.ts";
import type { TorchRandom } from "../../kernels/random/torch_random.ts";
import { openCpu } from "../../kernels/engine/cpu/cpu_engine.ts";
import type { Engine } from "../../kernels/engine/engine.ts";
import { torchWeights } from "../../kernels/models/course/torch_weights.ts";
import type { TrainableModel } from "../../kernels/models/model.ts";
import { sgd } from "../../kernels/optim/sgd.ts";
import {
  type DeviceTrainer,
  type DeviceTrainerOptions,
  openDeviceTrainer,
} from "../../stages/train/on_device/device_trainer.ts";
import { type Item, progress } from "./item.ts";
import type { Split } from "./letters.ts";

/** Options of a training run. */
export interface TrainOptions {
  /** Number of updates. */
  readonly steps: number;
  /** Batches are drawn from the first `among` examples. */
  readonly among: number;
  /** Batch size in examples. */
  readonly batch: number;
  /** Random generator for the row indices of the batches. */
  readonly random: TorchRandom;
  /** Returns the learning rate of the step with the given index, which starts at 0. */
  rate(step: number): number;
}

const stepsPerCall = 500;

/** A net, its initial weights, and the examples that it learns from. */
export interface NetOptions extends Pick<DeviceTrainerOptions, "examples" | "batch"> {
  readonly model: TrainableModel;
  /** Random generator for the initial weights, which are drawn as in torch. */
  readonly random: TorchRandom;
  /** Initial weights; default: drawn by `random`. */
  readonly weights?: TensorMap;
  /** Whether the net's inner values can be inspected; default false. */
  readonly inspection?: boolean;
}

/** Opens a net on a device. It learns by plain gradient descent. */
export function openNet(
  engine: Engine,
  { model, random, weights = torchWeights(model, random), ...options }: NetOptions,
): Promise<DeviceTrainer> {
  return openDeviceTrainer(engine, { ...options, model, weights, optimizer: sgd({ momentum: 0 }) });
}

/** Returns the loss of each part of a split. */
export async function lossesOfSplit(
  net: Pick<DeviceTrainer, "loss">,
  { train, dev, test }: Split<Uint32Array>,
): Promise<Split<number>> {
  return { train: await net.loss(train), dev: await net.loss(dev), test: await net.loss(test) };
}

/** Trains on batches drawn with `randint`. Returns the loss of each step, computed before its update. */
export async function* trainOn(
  net: DeviceTrainer,
  { steps, among, batch, random, rate }: TrainOptions,
): AsyncGenerator<Item, Float32Array<ArrayBuffer>> {
  const losses = new Float32Array(steps);
  for (let first = 0; first < steps; first += stepsPerCall) {
    const count = Math.min(stepsPerCall, steps - first);
    const callLosses = await net.train({
      rows: random.randint(count * batch, { high: among }),
      rates: Float32Array.from({ length: count }, (_, i) => rate(first + i)),
    });
    losses.set(callLosses, first);
    const mean = callLosses.reduce((sum, loss) => sum + loss, 0) / count;
    yield progress(`step ${first + count} of ${steps}: loss ${mean.toFixed(4)}`);
  }
  return losses;
}

/**
 * Returns why losses after `steps` updates may differ from the lecture's, which made `lectureSteps` updates,
 * or null if they should be equal.
 */
export function stepsReasonToDiffer(steps: number, lectureSteps: number): string | null {
  return steps === lectureSteps ? null : steps < lectureSteps ? "a shortened run" : "a longer run";
}

/** Averages groups of `width` losses, because the losses of single batches are too noisy for a chart. */
export function means(losses: ArrayLike<number>, width: number): { x: number[]; y: number[] } {
  const x: number[] = [], y: number[] = [];
  for (let at = 0; at + width <= losses.length; at += width) {
    let sum = 0;
    for (let i = at; i < at + width; i++) sum += losses[i];
    x.push(at + width / 2);
    y.push(sum / width);
  }
  return { x, y };
}

/** Returns a caption that says what one point of a curve made by `means()` shows. */
export function pointCaption(width: number): string {
  return width === 1
    ? "each point is one step"
    : `each point is the mean of ${width.toLocaleString("en-US")} steps`;
}

/**
 * Returns the engine for small nets: the CPU with one thread, or the GPU. With more threads, the threads
 * would wait for each other longer than they compute.
 */
export async function engineForSmallNets(env: { engine(): Promise<Engine> }): Promise<Engine> {
  const engine = await env.engine();
  return engine.name === "cpu" ? await openCpu({ threads: 1 }) : engine;
}

/**
 * Computes probabilities from logits. The largest logit is subtracted first so that no exponential overflows.
 */
export function softmax(logits: ArrayLike<number>): Float64Array {
  const values = Float64Array.from(logits), largest = Math.max(...values);
  const counts = values.map((logit) => Math.exp(logit - largest));
  const total = counts.reduce((a, b) => a + b);
  return counts.map((count) => count / total);
}
