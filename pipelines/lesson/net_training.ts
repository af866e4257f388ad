/**
 * Trains the small nets of the lessons as their notebooks do, on batches drawn by torch's generator.
 *
 * @module
 */
import type { TorchRandom } from "../../kernels/random/torch_random.ts";
import { openCpu } from "../../kernels/engine/cpu/cpu_engine.ts";
import type { Engine } from "../../kernels/engine/engine.ts";
import type { DeviceTrainer } from "../../stages/train/on_device/device_trainer.ts";
import { type Item, progress } from "./item.ts";

/** Options of a training run. */
export interface TrainOptions {
  /** Number of updates. */
  readonly steps: number;
  /** Batches are drawn from the first `among` examples. */
  readonly among: number;
  /** Batch size in examples. */
  readonly batch: number;
  /** Generator of the batches' row numbers. */
  readonly random: TorchRandom;
  /** Learning rate of a step, counted from 0. */
  rate(step: number): number;
}

const stepsPerCall = 500;

/** Trains on batches drawn with `randint`. Returns the loss of each step, computed before its update. */
export async function* trainOn(
  net: DeviceTrainer,
  { steps, among, batch, random, rate }: TrainOptions,
): AsyncGenerator<Item, Float32Array<ArrayBuffer>> {
  const losses = new Float32Array(steps);
  for (let first = 0; first < steps; first += stepsPerCall) {
    const count = Math.min(stepsPerCall, steps - first);
    const found = await net.train({
      rows: random.randint(count * batch, { high: among }),
      rates: Float32Array.from({ length: count }, (_, i) => rate(first + i)),
    });
    losses.set(found, first);
    const mean = found.reduce((sum, loss) => sum + loss, 0) / count;
    yield progress(`step ${first + count} of ${steps}: loss ${mean.toFixed(4)}`);
  }
  return losses;
}

/** Why losses after `steps` updates need not equal those after the lecture's `lectureSteps`; null: they should. */
export function stepsReasonToDiffer(steps: number, lectureSteps: number): string | null {
  return steps === lectureSteps ? null : steps < lectureSteps ? "a shortened run" : "a longer run";
}

/** Averages groups of `width` losses, because the losses of single batches are too noisy to read. */
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

/**
 * The engine for nets so small that threads would wait for each other longer than they compute: one thread on the CPU,
 * or the GPU.
 */
export async function engineForSmallNets(env: { engine(): Promise<Engine> }): Promise<Engine> {
  const engine = await env.engine();
  return engine.name === "cpu" ? await openCpu({ threads: 1 }) : engine;
}

/** Probabilities from logits. The largest logit is subtracted first so that no exponential overflows. */
export function softmax(logits: ArrayLike<number>): Float64Array {
  const values = Float64Array.from(logits), largest = Math.max(...values);
  const counts = values.map((logit) => Math.exp(logit - largest));
  const total = counts.reduce((a, b) => a + b);
  return counts.map((count) => count / total);
}
