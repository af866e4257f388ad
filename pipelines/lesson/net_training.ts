/**
 * Training the small nets of the lessons as their notebooks do: batches from torch's generator.
 *
 * @module
 */
import type { TorchRandom } from "../../kernels/random/torch_random.ts";
import { openCpu } from "../../kernels/engine/cpu/cpu_engine.ts";
import type { Engine } from "../../kernels/engine/engine.ts";
import type { DeviceTrainer } from "../../stages/train/on_device/device_trainer.ts";
import { type Item, progress } from "./item.ts";

/** How a net is trained. */
export interface TrainOptions {
  readonly steps: number;
  /** Batches are drawn from the first so many examples. */
  readonly among: number;
  /** Examples a step. */
  readonly batch: number;
  readonly random: TorchRandom;
  /** The learning rate of a step. */
  rate(step: number): number;
}

const stepsAtOnce = 500;

/** Trains on batches drawn with `randint`. Returns each step's loss, before the step. */
export async function* trainOn(
  net: DeviceTrainer,
  { steps, among, batch, random, rate }: TrainOptions,
): AsyncGenerator<Item, Float32Array<ArrayBuffer>> {
  const losses = new Float32Array(steps);
  for (let first = 0; first < steps; first += stepsAtOnce) {
    const count = Math.min(stepsAtOnce, steps - first);
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

/** The means of `width` neighbours each: a curve that can be read where single batches jump. */
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
 * The engine for nets so small that threads would wait for each other longer than they work: on the CPU one thread, else
 * the device's.
 */
export async function engineForSmallNets(env: { engine(): Promise<Engine> }): Promise<Engine> {
  const engine = await env.engine();
  return engine.name === "cpu" ? await openCpu({ threads: 1 }) : engine;
}

/** Odds from logits: exp of each, divided by the sum; the largest is taken from all first, so that none overflows. */
export function softmax(logits: Float32Array): Float64Array {
  const top = logits.reduce((a, b) => Math.max(a, b));
  const counts = Float64Array.from(logits, (logit) => Math.exp(logit - top));
  const total = counts.reduce((a, b) => a + b);
  return counts.map((count) => count / total);
}
