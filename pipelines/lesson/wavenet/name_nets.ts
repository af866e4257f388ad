/**
 * The nets of the WaveNet lesson: how each is made and trained on names, and how it draws new ones.
 *
 * @module
 */
import { Graph } from "../../../kernels/core/graph.ts";
import { RootScope } from "../../../kernels/core/scope.ts";
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { countParameters } from "../../../kernels/models/model.ts";
import type { ContextNet } from "../../../kernels/models/course/name_nets.ts";
import { torchWeights } from "../../../kernels/models/course/torch_weights.ts";
import { sgd } from "../../../kernels/optim/sgd.ts";
import { type DeviceTrainer, openDeviceTrainer } from "../../../stages/train/on_device/device_trainer.ts";
import type { Item } from "../item.ts";
import { type Letters, type Split, splitExamples } from "../letters.ts";
import { softmax, trainOn } from "../net_training.ts";

/** Examples a step. */
export const batch = 32;

/** A net and what it gave. */
export interface TrainedNet {
  readonly net: ContextNet;
  readonly parameters: number;
  readonly losses: Split<number>;
  /** Each step's. */
  readonly curve: Float32Array;
  readonly seconds: number;
  readonly weights: TensorMap;
  /** Names that it draws. */
  readonly drawn: readonly string[];
}

/** What a net is trained on, and how long. */
export interface NameTraining {
  readonly words: readonly string[];
  readonly letters: Letters;
  readonly engine: Engine;
  readonly seed: number;
  readonly steps: number;
  /** Of a step; default: the lecture's 0.1, in the last quarter 0.01. */
  rate?(step: number): number;
  /** Share of the weights that is added to their gradient; default 0. */
  readonly weightDecay?: number;
  /** Names to draw when it is trained; default 0. */
  readonly names?: number;
}

/** Trains a net as the notebook does: weights, batches and names from one generator, one after another. */
export async function* trainedOnNames(
  net: ContextNet,
  { words, letters, engine, seed, steps, names = 0, weightDecay = 0, ...options }: NameTraining,
): AsyncGenerator<Item, TrainedNet> {
  const began = performance.now(), random = new TorchRandom(seed);
  const { rate = (step: number) => step < .75 * steps ? .1 : .01 } = options;
  const { examples, rows } = splitExamples(words, { letters, context: net.context });
  const weights = torchWeights(net, random), optimizer = sgd({ momentum: 0, weightDecay });
  await using trainer = await openDeviceTrainer(engine, { model: net, examples, batch, optimizer, weights });
  const curve = yield* trainOn(trainer, { steps, among: rows.train.length, batch, random, rate });
  const seconds = (performance.now() - began) / 1000;
  return {
    net,
    parameters: countParameters(net),
    losses: {
      train: await trainer.loss(rows.train),
      dev: await trainer.loss(rows.dev),
      test: await trainer.loss(rows.test),
    },
    curve,
    seconds,
    weights: await trainer.weights(),
    drawn: await drawn(trainer, { letters, random, count: names, context: net.context }),
  };
}

/** The shape that each layer gives for tokens of [examples, context]. */
export function shapesOf(net: ContextNet, examples: number): readonly (readonly number[])[] {
  const graph = new Graph(), scope = new RootScope(graph);
  net.forward(scope, graph.leaf("tokens", { shape: [examples, net.context], dtype: "u32" }, "input"));
  return [...scope.probes.values()].map(({ shape }) => shape);
}

/** Sizes of what is kept beside the parameters, by name: running statistics. */
export function buffersOf(net: ContextNet): ReadonlyMap<string, readonly number[]> {
  const graph = new Graph(), scope = new RootScope(graph);
  net.forward(scope, graph.leaf("tokens", { shape: [1, net.context], dtype: "u32" }, "input"));
  return new Map([...scope.buffers].map(([name, { tensor }]) => [name, tensor.shape]));
}

const longest = 60; // a name ends here even if no mark was drawn

async function drawn(
  net: DeviceTrainer,
  { letters, random, count, context }: {
    readonly letters: Letters;
    readonly random: TorchRandom;
    readonly count: number;
    readonly context: number;
  },
): Promise<string[]> {
  const names: string[] = [];
  for (let i = 0; i < count; i++) {
    const ids = Array<number>(context).fill(0);
    do ids.push(random.multinomialBySums(softmax(await net.predict(ids.slice(-context))))); while (
      ids[ids.length - 1] !== 0 && ids.length < context + longest
    );
    names.push(letters.decode(ids.slice(context)));
  }
  return names;
}
