/**
 * Training as in the lecture: excerpts from random places, AdamW, and from time to time an estimate of the
 * mean loss over 200 batches of each part of the text.
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
import { type Corpus, drawExcerpts } from "./corpus.ts";

const batchesPerEstimate = 200;
const readEvery = 50; // updates between reads of their results
/** Tokens per evaluation call at most: enough to use the device well, and few enough for the cache. */
const maxTokensPerCall = 16_384;

/** Number of batches that one evaluation call computes; it divides the batches of an estimate. */
function batchesPerCall([batch, time]: readonly [number, number]): number {
  return [50, 25, 10, 5, 2].find((n) => n * batch * time <= maxTokensPerCall) ?? 1;
}

/** A model and its optimizer; the defaults are those of torch's AdamW. */
export interface LectureModelOptions {
  readonly model: Model;
  readonly weights: TensorMap;
  /** Shape of the batches. */
  readonly shape: readonly [batch: number, time: number];
  /** Seed of dropout; default 1337. */
  readonly seed?: number;
  /** Largest gradient norm; default 0: no clipping. */
  readonly clip?: number;
  readonly beta2?: number;
  readonly weightDecay?: number;
}

/** Puts a model on a device, for training and for estimates of its losses. */
export function openLectureModel(
  engine: Engine,
  { model, weights, shape, seed = 1337, clip = 0, beta2 = .999, weightDecay = .01 }: LectureModelOptions,
): Promise<ModelSession> {
  const [batch, seqLen] = shape;
  return openModel(engine, {
    plan: plan({
      model,
      training: {
        optimizer: adamw({ beta2, weightDecay }),
        shape: [1, batch, seqLen],
        clip,
        history: readEvery,
      },
      evaluation: { batch: batchesPerCall(shape) * batch, seqLen },
    }),
    weights,
    seed,
  });
}

/** Estimated mean losses of both parts of the text, in nats per character. */
export interface LossEstimate {
  /** Number of updates before the estimate. */
  readonly step: number;
  readonly train: number;
  readonly validation: number;
}

/** Data and length of a training. */
export interface LectureTraining {
  readonly corpus: Corpus;
  /** Generator of the places of the excerpts. */
  readonly random: TorchRandom;
  /** Number of updates. */
  readonly steps: number;
  readonly rate: number | Schedule;
  /**
   * Steps between the lecture's estimates. Their excerpts are drawn even where an estimate is not computed,
   * so that the random numbers stay the lecture's.
   */
  readonly every: number;
  /** Steps whose estimates are also computed, besides the last; default: all. */
  readonly at?: readonly number[];
  /** Name of the model in the lines of progress. */
  readonly name: string;
}

/** Trains a model. Returns the computed estimates; the last one follows all updates. */
export async function* trainAsLecture(
  session: ModelSession,
  { corpus, random, steps, rate, every, at, name }: LectureTraining,
): AsyncGenerator<Item, readonly LossEstimate[]> {
  const { shape } = session.plan.training!;
  const estimates: LossEstimate[] = [];
  for (let step = 0; step <= steps; step++) {
    if (step % every === 0 || step === steps) {
      const computed = step === steps || (at?.includes(step) ?? true);
      const train = await estimateLoss(session, { ids: corpus.train, random, computed });
      const validation = await estimateLoss(session, { ids: corpus.validation, random, computed });
      if (computed) {
        const estimate = { step, train, validation };
        estimates.push(estimate);
        yield progress(`${name}, step ${step} of ${steps}: ${shownLosses(estimate)}`);
      }
    }
    if (step === steps) break;
    const { inputs, targets } = drawExcerpts(corpus.train, { random, shape: [shape[1], shape[2]] });
    session.begin({ inputs, targets, shape }, {
      learningRate: typeof rate === "number" ? rate : rate(step),
      step,
    });
    if ((step + 1) % readEvery === 0 || step === steps - 1) {
      await session.results();
      yield progress(`${name}, step ${step + 1} of ${steps}`);
    }
  }
  return estimates;
}

/** Text of both losses of an estimate. */
export function shownLosses({ train, validation }: LossEstimate): string {
  return `train ${train.toFixed(4)}, validation ${validation.toFixed(4)}`;
}

/**
 * Mean loss over the batches of an estimate. If it is not `computed`, the excerpts are drawn and the result
 * is 0.
 */
async function estimateLoss(
  session: ModelSession,
  { ids, random, computed }: {
    readonly ids: Uint32Array;
    readonly random: TorchRandom;
    readonly computed: boolean;
  },
): Promise<number> {
  const { batch, seqLen } = session.plan.evaluation!;
  const calls = batchesPerEstimate * session.plan.training!.shape[1] / batch;
  let sum = 0;
  for (let i = 0; i < calls; i++) {
    const { inputs, targets } = drawExcerpts(ids, { random, shape: [batch, seqLen] });
    if (!computed) continue;
    sum += (await session.losses(inputs, targets)).reduce((total, loss) => total + loss, 0);
  }
  return sum / (calls * batch * seqLen);
}
