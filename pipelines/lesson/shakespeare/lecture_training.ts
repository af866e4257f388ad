/**
 * Training as in the lecture, with AdamW on excerpts from random positions. At regular intervals, the mean
 * loss of each part of the text is estimated from 200 batches.
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
const readEvery = 50; // results are read after this many updates
/**
 * Largest number of tokens per evaluation call: enough to use the device well, and few enough for the cache.
 */
const maxTokensPerCall = 16_384;

/** Returns the number of batches per evaluation call, a divisor of the 200 batches of an estimate. */
function batchesPerCall([batch, time]: readonly [number, number]): number {
  return [50, 25, 10, 5, 2].find((n) => n * batch * time <= maxTokensPerCall) ?? 1;
}

/** A model and the settings of its optimizer. The defaults are the same as in torch's AdamW. */
export interface LectureModelOptions {
  readonly model: Model;
  readonly weights: TensorMap;
  /** Shape of the batches. */
  readonly shape: readonly [batch: number, time: number];
  /** Random seed of dropout; default 1337. */
  readonly seed?: number;
  /** Maximum gradient norm; default 0, which means no clipping. */
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

/** Data and settings of a training run. */
export interface LectureTraining {
  readonly corpus: Corpus;
  /** Random generator for the positions of the excerpts. */
  readonly random: TorchRandom;
  /** Number of updates. */
  readonly steps: number;
  readonly rate: number | Schedule;
  /**
   * Number of steps between the lecture's estimates. The excerpts of an estimate are drawn even if it is not
   * computed, so that later random numbers stay the same as in the lecture.
   */
  readonly every: number;
  /**
   * Steps at which estimates are computed, in addition to the last step; default: every estimate of the
   * lecture.
   */
  readonly at?: readonly number[];
  /** Name of the model in progress lines. */
  readonly name: string;
}

/** Trains a model. Returns the computed estimates. The last estimate is made after all updates. */
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

/** Returns both losses of an estimate as text. */
export function shownLosses({ train, validation }: LossEstimate): string {
  return `train ${train.toFixed(4)}, validation ${validation.toFixed(4)}`;
}

/**
 * Returns the mean loss over the batches of an estimate. If `computed` is false, the excerpts are drawn but
 * the loss is not computed, and the result is 0.
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
