/**
 * Opens the batch norm lesson's nets on a device with the notebook's initial weights, trains the nets and
 * inspects them.
 *
 * @module
 */
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import type { TrainableModel } from "../../../kernels/models/model.ts";
import type { DeviceTrainer, StepInspection } from "../../../stages/train/on_device/device_trainer.ts";
import type { Names } from "../data.ts";
import { type Item, progress } from "../item.ts";
import type { LessonEnv } from "../lesson.ts";
import { Letters, type SplitExamples, splitExamples } from "../letters.ts";
import { engineForSmallNets, openNet, stepsReasonToDiffer, trainOn } from "../net_training.ts";
import type { NetVersion } from "./net_versions.ts";

/** Source of the lecture's values. */
export const notebook = "makemore part 3, notebook";
/** Number of letters of context, and number of examples per step, as in the notebook. */
export const context = 3, batch = 32;
/** Number of training steps of a shortened run and of the lecture's run. */
export const shortRun = 8000, fullRun = 200_000;

/** Data and settings that the sections of the lesson share. */
export interface BatchNormSetup {
  readonly letters: Letters;
  /** Examples of all names, split into three parts. */
  readonly data: SplitExamples;
  readonly engine: Engine;
  readonly seed: number;
  /** Number of training steps of each of the five versions. */
  readonly steps: number;
  /** Why values may differ from the lecture's; null if they should be equal. */
  readonly mayDiffer: string | null;
  /** Like `mayDiffer`, but for losses that depend on the number of steps. */
  readonly lossMayDiffer: string | null;
}

/** Reads the names and opens the engine. */
export async function batchNormSetup(
  env: LessonEnv<Names>,
  o: { readonly steps: number | null; readonly full: boolean; readonly seed: number },
): Promise<BatchNormSetup> {
  const { words } = env.data, letters = new Letters(words), mayDiffer = env.reasonToDiffer();
  const steps = o.steps ?? (o.full ? fullRun : shortRun);
  return {
    letters,
    data: splitExamples(words, { letters, context }),
    engine: await engineForSmallNets(env),
    seed: o.seed,
    steps,
    mayDiffer,
    lossMayDiffer: mayDiffer ?? stepsReasonToDiffer(steps, fullRun),
  };
}

/** Opens a net that can be inspected, with all names on the device. */
export function openInspectable(
  model: TrainableModel,
  { setup: { engine, data: { examples } }, ...options }: {
    readonly setup: BatchNormSetup;
    /** Random generator for the initial weights, if none are given. */
    readonly random: TorchRandom;
    readonly weights?: TensorMap;
  },
): Promise<DeviceTrainer> {
  return openNet(engine, { ...options, model, examples, batch, inspection: true });
}

/** Losses of a trained version. */
export interface VersionLosses {
  readonly name: string;
  /** Loss of each step. */
  readonly curve: Float32Array;
  /** Loss on the training examples after training. */
  readonly train: number;
  /** Loss on the dev examples after training. */
  readonly dev: number;
}

/**
 * Trains a version of the net, with a learning rate of 0.1 in the first half and 0.01 in the second half.
 * `use` gets the trained net before it is closed.
 */
export async function* trainVersion(
  version: NetVersion,
  setup: BatchNormSetup,
  use?: (net: DeviceTrainer, losses: VersionLosses) => AsyncGenerator<Item, void>,
): AsyncGenerator<Item, VersionLosses> {
  const { letters, data: { rows }, seed, steps } = setup, { name } = version, random = new TorchRandom(seed);
  await using net = await openInspectable(version.net(letters.count), { setup, random });
  const rate = (step: number): number => step < steps / 2 ? .1 : .01;
  const curve = yield* trainOn(net, { steps, among: rows.train.length, batch, random, rate });
  yield progress(`${name}: the loss of all examples`);
  const losses = { name, curve, train: await net.loss(rows.train), dev: await net.loss(rows.dev) };
  if (use !== undefined) yield* use(net, losses);
  return losses;
}

/**
 * Returns values and gradients of an untrained net on a batch of examples spread evenly over the training
 * examples.
 */
export async function inspectUntrained(
  net: DeviceTrainer,
  { data: { rows } }: BatchNormSetup,
): Promise<StepInspection> {
  const stride = Math.max(1, Math.floor(rows.train.length / batch));
  return await net.inspect(Uint32Array.from({ length: batch }, (_, i) => i * stride % rows.train.length));
}
