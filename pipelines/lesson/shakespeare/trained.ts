/**
 * A model of the lesson from its first values to its last losses, in one call.
 *
 * @module
 */
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { charGpt, type CharGptConfig } from "../../../kernels/models/course/char_gpt.ts";
import { makemore } from "../../../kernels/models/course/makemore.ts";
import type { Item } from "../item.ts";
import type { Corpus } from "./corpus.ts";
import { type Course, type Estimate, learn, openLearner } from "./learn.ts";
import { lectureWeights, normal } from "./lecture_weights.ts";
import { written } from "./written.ts";

/** What came of a training. */
export interface TrainedModel {
  readonly parameters: number;
  readonly estimates: readonly Estimate[];
  readonly weights: TensorMap;
  /** A text of the model's, where `characters` asks for one. */
  readonly sample: string;
}

/** What `trained` takes. */
export interface TrainedOptions extends Omit<Course, "random"> {
  readonly corpus: Corpus;
  /** Of a `charGpt`; "bigram": a table of logits. */
  readonly config: Omit<CharGptConfig, "vocabSize"> | "bigram";
  readonly shape: readonly [batch: number, time: number];
  readonly seed: number;
  /** First values; default: as torch draws them from the seed. */
  readonly weights?: TensorMap;
  /** How much it shall write at the end; default 0. */
  readonly characters?: number;
}

/** Trains a model with torch's random numbers: the seed's first values, then the seed's excerpts. */
export async function* trained(engine: Engine, options: TrainedOptions): AsyncGenerator<Item, TrainedModel> {
  const { corpus, config, shape, seed, characters = 0 } = options;
  const random = new TorchRandom(seed);
  const { vocabSize } = corpus.tokenizer;
  const model = config === "bigram"
    ? makemore("bigram", { vocabSize, seqLen: shape[1] })
    : charGpt({ ...config, vocabSize });
  const drawn = config === "bigram"
    ? { logits: normal([vocabSize, vocabSize], random) }
    : lectureWeights({ ...config, vocabSize }, random);
  await using session = await openLearner(engine, { model, weights: options.weights ?? drawn, shape, seed });
  const estimates = yield* learn(session, { ...options, random });
  const weights = await session.weights();
  const sample = characters === 0 ? "" : await written(engine, { model, weights, corpus, characters, seed });
  return { parameters: session.plan.parameterCount, estimates, weights, sample };
}
