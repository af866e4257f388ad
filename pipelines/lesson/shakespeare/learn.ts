/**
 * Training as the lecture does it: excerpts at random places, AdamW at one rate, now and then the mean loss over 200
 * batches of each split.
 *
 * @module
 */
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import type { TorchRandom } from "../../../kernels/random/torch_random.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import type { Model } from "../../../kernels/models/model.ts";
import { adamw } from "../../../kernels/optim/adamw.ts";
import type { Schedule } from "../../../kernels/optim/schedule.ts";
import { plan } from "../../../stages/model/plan.ts";
import { type ModelSession, openModel } from "../../../stages/model/model_session.ts";
import { type Item, progress } from "../item.ts";
import { type Corpus, draw } from "./corpus.ts";

const estimated = 200; // batches of an estimate
const mostTokens = 16_384; // of one run of them: enough to be quick, and it stays in the cache

/** How many of an estimate's batches run at once. */
function together([batch, time]: readonly [number, number]): number {
  return [50, 25, 10, 5, 2].find((n) => n * batch * time <= mostTokens) ?? 1;
}

/** A model on a device with the lecture's optimizer: torch's AdamW. */
export function openLearner(
  engine: Engine,
  { model, weights, shape, seed = 1337, clip = 0, beta2 = .999, weightDecay = .01 }: {
    readonly model: Model;
    readonly weights: TensorMap;
    /** Excerpts a step, and their length. */
    readonly shape: readonly [batch: number, time: number];
    /** Of dropout. */
    readonly seed?: number;
    readonly clip?: number;
    readonly beta2?: number;
    readonly weightDecay?: number;
  },
): Promise<ModelSession> {
  const [batch, seqLen] = shape;
  return openModel(engine, {
    plan: plan({
      model,
      training: { optimizer: adamw({ beta2, weightDecay }), shape: [1, batch, seqLen], clip, history: 50 },
      evaluation: { batch: together(shape) * batch, seqLen },
    }),
    weights,
    seed,
  });
}

/** Mean losses of both splits before update `step`. */
export interface Estimate {
  readonly step: number;
  readonly train: number;
  readonly validation: number;
}

/** What to learn. */
export interface Course {
  readonly corpus: Corpus;
  readonly random: TorchRandom;
  readonly steps: number;
  readonly rate: number | Schedule;
  /** The lecture estimates the losses every so many steps, which draws random numbers, and after the last. */
  readonly every: number;
  /** Steps at which that is not only drawn but computed, of those; the last always is (default: all). */
  readonly at?: readonly number[];
  /** What to call it while it goes on. */
  readonly name: string;
}

/** Trains `model` as `course` says; returns the estimates. The last stands at `steps`, after all updates. */
export async function* learn(model: ModelSession, course: Course): AsyncGenerator<Item, readonly Estimate[]> {
  const { corpus, random, steps, rate, every, at, name } = course;
  const { shape } = model.plan.training!;
  const found: Estimate[] = [];
  for (let step = 0; step <= steps; step++) {
    if (step % every === 0 || step === steps) {
      const known = step === steps || (at?.includes(step) ?? true);
      const now = { step, train: NaN, validation: NaN };
      for (const split of ["train", "validation"] as const) {
        now[split] = await estimate(model, { ids: corpus[split], random, known });
      }
      if (known) {
        found.push(now);
        yield progress(`${name}, step ${step} of ${steps}: ${shownLosses(now)}`);
      }
    }
    if (step === steps) break;
    const { inputs, targets } = draw(corpus.train, { random, shape: [shape[1], shape[2]] });
    model.begin({ inputs, targets, shape }, {
      learningRate: typeof rate === "number" ? rate : rate(step),
      step,
    });
    if (step % 50 === 49 || step === steps - 1) {
      await model.results();
      yield progress(`${name}, step ${step + 1} of ${steps}`);
    }
  }
  return found;
}

/** Both losses of an estimate, for people. */
export function shownLosses({ train, validation }: Estimate): string {
  return `train ${train.toFixed(4)}, validation ${validation.toFixed(4)}`;
}

/** The mean loss over 200 random batches; not `known`: only their places are drawn. */
async function estimate(
  model: ModelSession,
  { ids, random, known }: {
    readonly ids: Uint32Array;
    readonly random: TorchRandom;
    readonly known: boolean;
  },
): Promise<number> {
  const { batch, seqLen } = model.plan.evaluation!;
  const rounds = estimated * model.plan.training!.shape[1] / batch;
  let sum = 0;
  for (let i = 0; i < rounds; i++) {
    const { inputs, targets } = draw(ids, { random, shape: [batch, seqLen] });
    if (!known) continue;
    sum += (await model.losses(inputs, targets)).reduce((total, loss) => total + loss, 0);
  }
  return sum / (rounds * batch * seqLen);
}
