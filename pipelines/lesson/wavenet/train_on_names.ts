/**
 * Trains the nets of the WaveNet lesson on names.
 *
 * @module
 */
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { countParameters } from "../../../kernels/models/model.ts";
import type { ContextNet } from "../../../kernels/models/course/name_nets.ts";
import { torchWeights } from "../../../kernels/models/course/torch_weights.ts";
import { sgd } from "../../../kernels/optim/sgd.ts";
import { openDeviceTrainer } from "../../../stages/train/on_device/device_trainer.ts";
import { drawNames, netProbabilities } from "../draw_names.ts";
import type { Item } from "../item.ts";
import { type Letters, type Split, splitExamples } from "../letters.ts";
import { lossesOfSplit, trainOn } from "../net_training.ts";

/** Batch size in examples, the same as in the lecture. */
export const batch = 32;

/** Result of training a net. */
export interface TrainedNet {
  /** Number of trainable values. */
  readonly parameters: number;
  /** Mean losses after training, for each part of the data. */
  readonly losses: Split<number>;
  /** Loss of each step, computed before its update. */
  readonly curve: Float32Array;
  /** Duration of the training in seconds. */
  readonly seconds: number;
  /** Sampled names. */
  readonly names: readonly string[];
}

/** Data and hyperparameters of a training. */
export interface NameTraining {
  readonly words: readonly string[];
  readonly letters: Letters;
  readonly engine: Engine;
  /** Seed of the weights, the batches and the sampled names. */
  readonly seed: number;
  /** Number of updates. */
  readonly steps: number;
  /** Learning rate of a step. Default: as in the lecture, 0.1, and 0.01 in the last quarter of the steps. */
  rate?(step: number): number;
  /** Fraction of each weight that is added to its gradient; default 0. */
  readonly weightDecay?: number;
  /** Number of names to sample after training; default 0. */
  readonly nameCount?: number;
}

/**
 * Trains a net as the notebook does: one random generator is used first for the weights, then for the
 * batches, then for the names.
 */
export async function* trainOnNames(
  net: ContextNet,
  { words, letters, engine, seed, steps, nameCount = 0, weightDecay = 0, ...options }: NameTraining,
): AsyncGenerator<Item, TrainedNet> {
  const began = performance.now(), random = new TorchRandom(seed), { context } = net;
  const { rate = (step: number) => step < .75 * steps ? .1 : .01 } = options;
  const { examples, rows } = splitExamples(words, { letters, context });
  const weights = torchWeights(net, random), optimizer = sgd({ momentum: 0, weightDecay });
  await using trainer = await openDeviceTrainer(engine, { model: net, examples, batch, optimizer, weights });
  const curve = yield* trainOn(trainer, { steps, among: rows.train.length, batch, random, rate });
  const seconds = (performance.now() - began) / 1000;
  return {
    parameters: countParameters(net),
    losses: await lossesOfSplit(trainer, rows),
    curve,
    seconds,
    names: await drawNames(netProbabilities(trainer, context), { letters, random, count: nameCount }),
  };
}
