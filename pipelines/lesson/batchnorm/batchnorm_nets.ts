/**
 * The nets of the lesson on batch norm on a device: opened as the notebook begins them, trained, and looked into.
 *
 * @module
 */
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import type { TrainableModel } from "../../../kernels/models/model.ts";
import { torchWeights } from "../../../kernels/models/course/torch_weights.ts";
import { sgd } from "../../../kernels/optim/sgd.ts";
import {
  type DeviceTrainer,
  openDeviceTrainer,
  type StepInspection,
} from "../../../stages/train/on_device/device_trainer.ts";
import type { Rung } from "./batchnorm_ladder.ts";
import type { Names } from "../data.ts";
import { type Item, progress } from "../item.ts";
import type { LessonEnv } from "../lesson.ts";
import { type Examples, Letters, type SplitExamples, splitExamples } from "../letters.ts";
import { engineForSmallNets, trainOn } from "../net_training.ts";

/** What the sections share. */
export interface Given {
  readonly letters: Letters;
  readonly parts: SplitExamples;
  readonly engine: Engine;
  readonly seed: number;
  /** Of each of the five nets. */
  readonly steps: number;
  /** Why figures need not be the lecture's. */
  readonly mayDiffer: string | null;
  /** The same, where they need the lecture's number of steps. */
  readonly unlessFull: string | null;
}

/** Letters before the one that is predicted, and examples a step: the notebook's. */
export const context = 3, batch = 32;
/** Steps of a shortened run and of the lecture's. */
export const shortRun = 4000, fullRun = 200_000;

/** Reads the names, and opens the engine. */
export async function prepared(
  env: LessonEnv<Names>,
  o: { readonly steps: number | null; readonly full: boolean; readonly seed: number },
): Promise<Given> {
  const { words } = env.data, letters = new Letters(words);
  const steps = o.steps ?? (o.full ? fullRun : shortRun);
  return {
    letters,
    parts: splitExamples(words, { letters, context }),
    engine: await engineForSmallNets(env),
    seed: o.seed,
    steps,
    mayDiffer: env.reasonToDiffer(),
    unlessFull: env.reasonToDiffer() ?? (steps === fullRun ? null : "a shortened run"),
  };
}

/** Examples to train on: the first of all. */
export function trainExamples({ examples: { inputs, targets }, rows: { train } }: SplitExamples): Examples {
  const count = train.length;
  return { context, count, inputs: inputs.subarray(0, context * count), targets: targets.subarray(0, count) };
}

/** Puts a net on the device, its weights drawn by `random` mayDiffer they are given. */
export function openNet(
  model: TrainableModel,
  { given: { engine, parts: { examples } }, random, weights }: {
    readonly given: Given;
    readonly random: TorchRandom;
    readonly weights?: TensorMap;
  },
): Promise<DeviceTrainer> {
  return openDeviceTrainer(engine, {
    model,
    weights: weights ?? torchWeights(model, random),
    examples,
    batch,
    optimizer: sgd({ momentum: 0 }),
    inspection: true,
  });
}

/** A net that was trained. */
export interface Trained {
  readonly name: string;
  /** Of each step. */
  readonly losses: Float32Array;
  readonly train: number;
  readonly dev: number;
}

/** Trains one of the five: rate 0.1, from the middle on 0.01. `use` gets the net when it is trained. */
export async function* trained(
  { name, net: netOf }: Rung,
  given: Given,
  use?: (net: DeviceTrainer, result: Trained) => AsyncGenerator<Item, void>,
): AsyncGenerator<Item, Trained> {
  const { letters, parts: { rows }, seed, steps } = given, random = new TorchRandom(seed);
  await using net = await openNet(netOf(letters.count), { given, random });
  const rate = (step: number): number => step < steps / 2 ? .1 : .01;
  const losses = yield* trainOn(net, { steps, among: rows.train.length, batch, random, rate });
  yield progress(`${name}: the loss of all examples`);
  const result = { name, losses, train: await net.loss(rows.train), dev: await net.loss(rows.dev) };
  if (use !== undefined) yield* use(net, result);
  return result;
}

/** A net's values and gradients on a batch of the data's own order, before it is trained. */
export async function firstLook(net: DeviceTrainer, { parts: { rows } }: Given): Promise<StepInspection> {
  const stride = Math.max(1, Math.floor(rows.train.length / batch));
  return await net.inspect(Uint32Array.from({ length: batch }, (_, i) => i * stride % rows.train.length));
}
