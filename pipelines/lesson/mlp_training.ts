/**
 * Training the small nets of the lessons: random batches, a rate for each step.
 *
 * @module
 */
import type { TorchRandom } from "../../kernels/core/torch_random.ts";
import { openCpu } from "../../kernels/engine/cpu.ts";
import type { Engine } from "../../kernels/engine/engine.ts";
import { type Item, progress } from "./item.ts";
import { type MlpNet, type Step, stepsInARun } from "./mlp_net.ts";

/** How a net is trained. */
export interface TrainOptions {
  readonly steps: number;
  /** Examples to draw from. */
  readonly count: number;
  /** Examples a step. */
  readonly batch: number;
  readonly random: TorchRandom;
  /** The learning rate of a step. */
  rate(step: number): number;
}

/** Trains on batches drawn with `randint`, as the notebooks do. Returns each step's loss. */
export async function* trainOn(
  net: MlpNet,
  { steps, count, batch, random, rate }: TrainOptions,
): AsyncGenerator<Item, Float32Array<ArrayBuffer>> {
  const losses = new Float32Array(steps);
  for (let first = 0; first < steps; first += stepsInARun) {
    const now = Array.from({ length: Math.min(stepsInARun, steps - first) }, (_, i): Step => ({
      batch: random.randint(batch, { high: count }),
      rate: rate(first + i),
    }));
    const found = await net.train(now);
    losses.set(found, first);
    yield progress(
      `step ${first + now.length} of ${steps}: loss ${
        (found.reduce((sum, loss) => sum + loss, 0) / found.length).toFixed(4)
      }`,
    );
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
