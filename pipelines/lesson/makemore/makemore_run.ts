/**
 * One model of makemore.py's family in training: words in rows, a test set held out, the best model kept on disk.
 *
 * Source: https://github.com/karpathy/makemore
 *
 * @module
 */
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { makemore, type MakemoreType, makemoreWeights } from "../../../kernels/models/course/makemore.ts";
import { countParameters, parametersOf } from "../../../kernels/models/model.ts";
import { adamw } from "../../../kernels/optim/adamw.ts";
import {
  examplesOfWords,
  rowExamples,
  type WordExamples,
} from "../../../stages/train/on_device/word_examples.ts";
import { type DeviceTrainer, openDeviceTrainer } from "../../../stages/train/on_device/device_trainer.ts";
import type { DevicePlanOptions } from "../../../stages/train/on_device/device_options.ts";
import { threadsFor } from "../../../stages/train/on_device/device_plan.ts";
import { type Item, progress } from "../item.ts";
import type { Letters } from "../letters.ts";

/** Words in rows: those to learn from first, then those to test by. */
export interface MakemoreData {
  readonly letters: Letters;
  readonly train: readonly string[];
  readonly test: readonly string[];
  readonly examples: WordExamples;
}

/** What is trained and how; names as makemore.py's options. */
export interface MakemoreSettings {
  readonly nLayer: number;
  readonly nHead: number;
  readonly nEmbd: number;
  readonly nEmbd2: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly seed: number;
  /** Share that the transformer drops in training; default 0. */
  readonly dropout?: number;
}

/** Losses at some step. */
export interface Evaluated {
  readonly step: number;
  /** Of as many words as there are to test by, at most. */
  readonly train: number;
  readonly test: number;
}

/** The words in a random order, the last of them (a tenth, at most 1,000) to test by: as makemore.py's by the same seed. */
export function makemoreData(
  words: readonly string[],
  { letters, seed }: { readonly letters: Letters; readonly seed: number },
): MakemoreData {
  const order = Array.from(new TorchRandom(seed).randperm(words.length), (i) => words[i]);
  const held = Math.min(1000, Math.floor(words.length * .1)),
    rows = order.map((word) => letters.encode(word));
  const context = Math.max(...rows.map(({ length }) => length)) + 1; // a place for the mark before or after it
  return {
    letters,
    train: order.slice(0, order.length - held),
    test: order.slice(order.length - held),
    examples: rowExamples(rows, { context }),
  };
}

/** A model on a device. */
export class MakemoreRun implements AsyncDisposable {
  readonly #trainer: DeviceTrainer;
  readonly #data: MakemoreData;
  readonly #settings: MakemoreSettings;
  readonly #random: TorchRandom;

  private constructor(
    trainer: DeviceTrainer,
    /** Trainable elements. */
    readonly parameters: number,
    { data, settings }: { readonly data: MakemoreData; readonly settings: MakemoreSettings },
  ) {
    this.#trainer = trainer;
    this.#data = data;
    this.#settings = settings;
    this.#random = new TorchRandom(settings.seed);
  }

  /** Puts a model on the engine; `weights` to go on from, else by the seed. Throws RangeError where they do not fit. */
  static async open(
    type: MakemoreType,
    { engine, data, settings, weights }: {
      readonly engine: Engine;
      readonly data: MakemoreData;
      readonly settings: MakemoreSettings;
      readonly weights?: TensorMap;
    },
  ): Promise<MakemoreRun> {
    const { seed, batchSize: batch, weightDecay } = settings;
    const model = modelOf(type, { data, settings });
    const options: DevicePlanOptions = {
      model,
      examples: data.examples,
      batch,
      optimizer: adamw({ beta1: .9, beta2: .99, eps: 1e-8, weightDecay }),
      chunk: stepsAtOnce,
      evalBatch: 100,
    };
    const alone = engine.name === "cpu" && threadsFor(options).threads === 1; // threads would wait longer than they work
    const trainer = await openDeviceTrainer(alone ? await openCpu({ threads: 1 }) : engine, {
      ...options,
      weights: weights ?? makemoreWeights(model, seed),
    });
    return new MakemoreRun(trainer, countParameters(model), { data, settings });
  }

  /** Updates so far. */
  get steps(): number {
    return this.#trainer.steps;
  }

  /** Trains so many steps. Returns their losses. */
  async *train(
    steps: number,
    { of, falls = false }: {
      /** Of how many in the end. */
      readonly of: number;
      /** The rate falls to 0 along the way (default: it stays). */
      readonly falls?: boolean;
    },
  ): AsyncGenerator<Item, Float32Array> {
    const { batchSize, learningRate } = this.#settings, losses = new Float32Array(steps);
    for (let first = 0; first < steps; first += stepsAtOnce) {
      const count = Math.min(stepsAtOnce, steps - first);
      const rows = this.#random.randint(count * batchSize, { high: this.#data.train.length });
      const rates = Float32Array.from({ length: count }, (_, i) => {
        return learningRate * (falls ? 1 - (this.#trainer.steps + i) / of : 1);
      });
      const found = await this.#trainer.train({ rows, rates });
      losses.set(found, first);
      yield progress(
        `step ${this.#trainer.steps} of ${of}: loss ${(found.reduce((a, b) => a + b) / count).toFixed(4)}`,
      );
    }
    return losses;
  }

  /** Losses as they are now. */
  async evaluate(): Promise<Evaluated> {
    const { train, test, examples } = this.#data, all = train.length + test.length;
    return {
      step: this.#trainer.steps,
      train: await this.#trainer.loss(examplesOfWords(examples, 0, Math.min(1100, train.length))),
      test: await this.#trainer.loss(examplesOfWords(examples, train.length, all)),
    };
  }

  /** Parameters by name. */
  weights(): Promise<TensorMap> {
    return this.#trainer.weights();
  }

  /** Sets them. */
  write(weights: TensorMap): void {
    this.#trainer.write(weights);
  }

  /** Words, drawn letter by letter; of each letter's odds only the `topK` largest count (null: all). */
  async sample(count: number, { topK }: { readonly topK: number | null }): Promise<string[]> {
    const { letters, examples: { context } } = this.#data,
      random = new TorchRandom(this.#settings.seed),
      words: string[] = [];
    for (let i = 0; i < count; i++) {
      const ids = [0];
      while (ids.length <= context) { // a word may fill all places, as those it learned from
        const tokens = [...ids, ...Array<number>(context - ids.length).fill(0)];
        const logits = await this.#trainer.predict(tokens);
        const last = logits.subarray((ids.length - 1) * letters.count, ids.length * letters.count);
        const next = random.multinomialByRace(oddsOf(last, topK ?? letters.count));
        if (next === 0) break;
        ids.push(next);
      }
      words.push(letters.decode(ids.slice(1)));
    }
    return words;
  }

  /** Frees the device. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#trainer[Symbol.asyncDispose]();
  }
}

const stepsAtOnce = 100; // Ctrl-C is heard between them

/** Shapes of a model's parameters by name: what a file of it must hold. */
export function shapesOfModel(
  type: MakemoreType,
  options: { readonly data: MakemoreData; readonly settings: MakemoreSettings },
): ReadonlyMap<string, readonly number[]> {
  return new Map([...parametersOf(modelOf(type, options))].map(([name, { tensor }]) => [name, tensor.shape]));
}

function modelOf(
  type: MakemoreType,
  { data: { letters, examples }, settings }: {
    readonly data: MakemoreData;
    readonly settings: MakemoreSettings;
  },
): ReturnType<typeof makemore> {
  const { nLayer: layers, nHead: heads, nEmbd: channels, nEmbd2: hidden, dropout = 0 } = settings;
  return makemore(type, {
    vocabSize: letters.count,
    seqLen: examples.context,
    layers,
    heads,
    channels,
    hidden,
    dropout,
  });
}

/** Odds of the `k` largest logits, 0 for the others; one as large as the k-th counts. */
export function oddsOf(logits: Float32Array, k: number): Float64Array {
  const sorted = Float32Array.from(logits).sort(), least = sorted[Math.max(0, sorted.length - k)];
  const top = sorted[sorted.length - 1];
  return Float64Array.from(logits, (logit) => logit < least ? 0 : Math.exp(logit - top));
}
