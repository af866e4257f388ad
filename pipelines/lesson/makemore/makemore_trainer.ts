/**
 * Trains one model of makemore.py, evaluates it and samples words from it.
 *
 * Source: https://github.com/karpathy/makemore
 *
 * @module
 */
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { type MakemoreType, makemoreWeights } from "../../../kernels/models/course/makemore.ts";
import { countParameters } from "../../../kernels/models/model.ts";
import { adamw } from "../../../kernels/optim/adamw.ts";
import { examplesOfWords } from "../../../stages/train/on_device/word_examples.ts";
import { type DeviceTrainer, openDeviceTrainer } from "../../../stages/train/on_device/device_trainer.ts";
import type { DevicePlanOptions } from "../../../stages/train/on_device/device_options.ts";
import { threadsFor } from "../../../stages/train/on_device/device_plan.ts";
import { type Item, progress } from "../item.ts";
import { makemoreModel, type MakemoreModelOptions } from "./makemore_model.ts";

/** Number of steps per call of the device. Ctrl-C takes effect between calls. */
const stepsPerCall = 100;

/** Number of words for an estimate of the training loss. makemore.py uses 11 batches of 100 words. */
const evaluatedTrainWords = 1100;

/** Losses of a model at one step, in nats per letter. */
export interface MakemoreLosses {
  /** Number of updates before the evaluation. */
  readonly step: number;
  /** Mean loss of the first 1,100 training words. */
  readonly train: number;
  /** Mean loss of all test words. */
  readonly test: number;
}

/** A model in training. */
export class MakemoreTrainer implements AsyncDisposable {
  readonly #trainer: DeviceTrainer;
  readonly #options: MakemoreModelOptions;
  readonly #random: TorchRandom;

  private constructor(
    trainer: DeviceTrainer,
    /** Number of trainable values. */
    readonly parameters: number,
    options: MakemoreModelOptions,
  ) {
    this.#trainer = trainer;
    this.#options = options;
    this.#random = new TorchRandom(options.hyperparameters.seed);
  }

  /**
   * Opens a model on the engine. `weights` are its initial weights; by default they are drawn with the seed.
   * Throws RangeError for weights whose shapes do not fit the model.
   */
  static async open(
    type: MakemoreType,
    { engine, data, hyperparameters, weights }: MakemoreModelOptions & {
      readonly engine: Engine;
      readonly weights?: TensorMap;
    },
  ): Promise<MakemoreTrainer> {
    const { seed, batchSize: batch, weightDecay } = hyperparameters;
    const model = makemoreModel(type, { data, hyperparameters });
    const options: DevicePlanOptions = {
      model,
      examples: data.examples,
      batch,
      optimizer: adamw({ beta1: .9, beta2: .99, eps: 1e-8, weightDecay }),
      chunk: stepsPerCall,
      evalBatch: 100,
    };
    // In a small model, threads would wait for each other longer than they compute.
    const oneThread = engine.name === "cpu" && threadsFor(options).threads === 1;
    const trainer = await openDeviceTrainer(oneThread ? await openCpu({ threads: 1 }) : engine, {
      ...options,
      weights: weights ?? makemoreWeights(model, seed),
    });
    return new MakemoreTrainer(trainer, countParameters(model), { data, hyperparameters });
  }

  /** Number of updates so far. */
  get steps(): number {
    return this.#trainer.steps;
  }

  /** Makes `steps` updates. Returns the loss of each step, computed before its update. */
  async *train(
    steps: number,
    { total, decay = false }: {
      /** Number of updates in the whole training. */
      readonly total: number;
      /** Whether the learning rate falls linearly to 0 at step `total`; default: it is constant. */
      readonly decay?: boolean;
    },
  ): AsyncGenerator<Item, Float32Array> {
    const { data: { train }, hyperparameters: { batchSize, learningRate } } = this.#options;
    const losses = new Float32Array(steps);
    for (let first = 0; first < steps; first += stepsPerCall) {
      const count = Math.min(stepsPerCall, steps - first);
      const rows = this.#random.randint(count * batchSize, { high: train.length });
      const rates = Float32Array.from({ length: count }, (_, i) => {
        return learningRate * (decay ? 1 - (this.#trainer.steps + i) / total : 1);
      });
      const found = await this.#trainer.train({ rows, rates });
      losses.set(found, first);
      yield progress(
        `step ${this.#trainer.steps} of ${total}: loss ${(found.reduce((a, b) => a + b) / count).toFixed(4)}`,
      );
    }
    return losses;
  }

  /** Evaluates the model with its current weights. */
  async evaluate(): Promise<MakemoreLosses> {
    const { train, test, examples } = this.#options.data, all = train.length + test.length;
    const trainWords = Math.min(evaluatedTrainWords, train.length);
    return {
      step: this.#trainer.steps,
      train: await this.#trainer.loss(examplesOfWords(examples, 0, trainWords)),
      test: await this.#trainer.loss(examplesOfWords(examples, train.length, all)),
    };
  }

  /** Copies of the current weights; the key is the weight's name. */
  weights(): Promise<TensorMap> {
    return this.#trainer.weights();
  }

  /** Replaces the weights. */
  write(weights: TensorMap): void {
    this.#trainer.write(weights);
  }

  /**
   * Samples words letter by letter, from the `topK` most probable letters, or from all letters if `topK` is
   * null.
   */
  async sample(count: number, { topK }: { readonly topK: number | null }): Promise<string[]> {
    const { data: { letters, examples: { context } }, hyperparameters: { seed } } = this.#options;
    const random = new TorchRandom(seed), words: string[] = [];
    for (let i = 0; i < count; i++) {
      const ids = [0];
      while (ids.length <= context) { // a word may be as long as the longest training word
        const tokens = [...ids, ...Array<number>(context - ids.length).fill(0)];
        const logits = await this.#trainer.predict(tokens);
        const last = logits.subarray((ids.length - 1) * letters.count, ids.length * letters.count);
        const next = random.multinomialByRace(topKWeights(last, topK ?? letters.count));
        if (next === 0) break;
        ids.push(next);
      }
      words.push(letters.decode(ids.slice(1)));
    }
    return words;
  }

  /** Frees the device's memory. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#trainer[Symbol.asyncDispose]();
  }
}

/**
 * Returns the probabilities of the `k` largest logits up to a common factor, and 0 for all other logits.
 * Logits equal to the k-th largest logit are included.
 */
export function topKWeights(logits: Float32Array, k: number): Float64Array {
  const sorted = Float32Array.from(logits).sort(), least = sorted[Math.max(0, sorted.length - k)];
  const largest = sorted[sorted.length - 1];
  return Float64Array.from(logits, (logit) => logit < least ? 0 : Math.exp(logit - largest));
}
