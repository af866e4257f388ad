/**
 * Types and functions that the sections of the WaveNet lesson share: their inputs, and reports on a trained
 * net.
 *
 * @module
 */
import { check, type Item, say } from "../item.ts";
import type { NameTraining, TrainedNet } from "./train_on_names.ts";

/** Source of most of the published values. */
export const notebook = "makemore part 5, notebook";

/** Number of steps in the lecture's training of each net. */
export const lectureSteps = 200_000;

/** Data, engine and numbers of updates that the sections use. */
export interface WavenetInputs extends Pick<NameTraining, "words" | "letters" | "engine" | "seed"> {
  /** Number of updates of the last net. */
  readonly steps: number;
  /** Number of updates of the other nets. */
  readonly smallNetSteps: number;
  /** Why parameter counts and early losses may differ from the lecture's; null if they should be equal. */
  readonly mayDiffer: string | null;
  /**
   * Why final losses may differ from the lecture's: for the reason in `mayDiffer`, or because the number of
   * steps differs.
   */
  readonly lossMayDiffer: string | null;
}

/** A trained net, and the losses that the lecture gives for it. */
export interface ComparedNet {
  readonly name: string;
  readonly trained: TrainedNet;
  readonly lecture: { readonly train: number; readonly validation: number };
}

/** Compares a net's number of parameters with the lecture's. */
export function parameterCheck(
  { parameters }: TrainedNet,
  { lecture, inputs: { mayDiffer } }: { readonly lecture: number; readonly inputs: WavenetInputs },
): Item {
  return check({ name: "parameters", ours: parameters, lecture, source: notebook, mayDiffer });
}

/** Returns a sentence with a net's losses. */
export function lossItem({ losses: { train, dev }, curve }: TrainedNet): Item {
  return say(
    `After ${curve.length.toLocaleString("en-US")} steps: train ${train.toFixed(4)}, validation ${
      dev.toFixed(4)
    }.`,
  );
}
