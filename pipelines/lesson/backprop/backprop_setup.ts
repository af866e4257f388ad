/**
 * Data and settings of the lesson on backpropagation, and the forward pass whose gradients it derives.
 *
 * @module
 */
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import {
  forwardInSteps,
  type LetterBatch,
  type ManualMlp,
  type MlpSteps,
} from "../../../kernels/models/course/mlp_manual.ts";
import type { Names } from "../data.ts";
import type { LessonEnv } from "../lesson.ts";
import { type Examples, examplesOfSplit, Letters, type Split, splitWords } from "../letters.ts";
import { stepsReasonToDiffer } from "../net_training.ts";
import { context, drawBatch, manualMlp } from "./manual_mlp_net.ts";

/** Source of the lecture's values. */
export const notebook = "makemore part 4, notebook";
/** Number of training steps of a shortened run and of the lecture's run. */
export const shortRun = 4000, fullRun = 200_000;

/** Data and settings that the sections of the lesson share. */
export interface BackpropSetup {
  readonly letters: Letters;
  readonly examples: Split<Examples>;
  readonly seed: number;
  /** Number of training steps with gradients derived by hand. */
  readonly steps: number;
  /** Why values may differ from the lecture's; null if they should be equal. */
  readonly mayDiffer: string | null;
  /** Like `mayDiffer`, but for losses that depend on the number of steps. */
  readonly lossMayDiffer: string | null;
}

/** Splits the names and makes their examples. */
export function backpropSetup(
  env: LessonEnv<Names>,
  o: { readonly steps: number | null; readonly full: boolean; readonly seed: number },
): BackpropSetup {
  const { words } = env.data, letters = new Letters(words), mayDiffer = env.reasonToDiffer();
  const steps = o.steps ?? (o.full ? fullRun : shortRun);
  return {
    letters,
    examples: examplesOfSplit(splitWords(words), { letters, context }),
    seed: o.seed,
    steps,
    mayDiffer,
    lossMayDiffer: mayDiffer ?? stepsReasonToDiffer(steps, fullRun),
  };
}

/** A forward pass of one batch, with every intermediate value. */
export interface ForwardPass {
  readonly net: ManualMlp;
  readonly batch: LetterBatch;
  readonly loss: number;
  /** Intermediate values. */
  readonly steps: MlpSteps;
}

/**
 * Runs the forward pass of the lecture's net with 64 hidden units on its first batch. `unseeded` is the seed
 * of what the notebook draws without one.
 */
export function firstForwardPass(
  { letters, examples, seed }: BackpropSetup,
  unseeded?: number,
): ForwardPass {
  const random = new TorchRandom(seed);
  const net = manualMlp({
    letters: letters.count,
    hidden: 64,
    random,
    ...(unseeded !== undefined && { unseeded }),
  });
  const batch = drawBatch(examples.train, { random });
  return { net, batch, ...forwardInSteps(net, batch) };
}
