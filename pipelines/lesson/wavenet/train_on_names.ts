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

/** Batch size in examples, the lecture's. */
export const batch = 32;

/** Result of training a net. */
export interface TrainedNet {
  /** Number of trainable values. */
  readonly parameters: number;
  /** Mean losses after training. */
  readonly losses: Split<number>;
  /** Loss of each step, computed before its update. */
  readonly curve: Float32Array;
  /** Duration of the training. */
  readonly seconds: number;
  /** Sampled names. */
  readonly names: readonly string[];
}

/** Data and length of a training. */
export interface NameTraining {
  readonly words: readonly string[];
  readonly letters: Letters;
  readonly engine: Engine;
  /** Seed of the weights, the batches and the sampled names. */
  readonly seed: number;
  /** Number of updates. */
  readonly steps: number;
  /** Learning rate of a step; default: the lecture's, 0.1 and in the last quarter 0.01. */
  rate?(step: number): number;
  /** Fraction of each weight that is added to its gradient; default 0. */
  readonly weightDecay?: number;
  /** Number of names to sample after training; default 0. */
  readonly nameCount?: number;
}

/** Trains a net as the notebook does: one generator draws the weights, then the batches, then the names. */
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
