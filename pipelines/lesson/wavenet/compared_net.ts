/**
 * What the sections of the WaveNet lesson share: their inputs, and how they report a trained net.
 *
 * @module
 */
import { comparison } from "../comparison.ts";
import { check, type Item, say } from "../item.ts";
import type { NameTraining, TrainedNet } from "./train_on_names.ts";

/** Source of most published values. */
export const notebook = "makemore part 5, notebook";

/** Steps of the lecture's trainings. */
export const lectureSteps = 200_000;

/** Data, engine and lengths that the sections use. */
export interface WavenetInputs extends Pick<NameTraining, "words" | "letters" | "engine" | "seed"> {
  /** Number of updates of the largest net. */
  readonly steps: number;
  /** Number of updates of the other nets. */
  readonly smallNetSteps: number;
  /** Why parameter counts and early losses need not be the lecture's; null: they should be equal. */
  readonly mayDiffer: string | null;
  /** Why final losses need not be the lecture's: as above, or because of the number of steps. */
  readonly lossMayDiffer: string | null;
}

/** A trained net, and the losses that the lecture gives for it. */
export interface ComparedNet {
  readonly name: string;
  readonly trained: TrainedNet;
  readonly lecture: { readonly train: number; readonly validation: number };
}

/** A check of a net's number of parameters. */
export function parameterCheck(
  { parameters }: TrainedNet,
  { lecture, inputs: { mayDiffer } }: { readonly lecture: number; readonly inputs: WavenetInputs },
): Item {
  return check({ name: "parameters", ours: parameters, lecture, source: notebook, mayDiffer });
}

/** A sentence with a net's losses. */
export function lossItem({ losses: { train, dev }, curve }: TrainedNet): Item {
  return say(
    `After ${curve.length.toLocaleString("en-US")} steps: train ${train.toFixed(4)}, validation ${
      dev.toFixed(4)
    }.`,
  );
}

/** Compares the validation loss of a net with that of the net before it, for example "0.0460 lower than". */
export function validationComparison(net: TrainedNet, before: TrainedNet): string {
  return comparison(net.losses.dev, before.losses.dev);
}
