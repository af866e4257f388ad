/**
 * Estimated losses as curves and checks.
 *
 * @module
 */
import { check, type Item } from "../item.ts";
import type { LossEstimate } from "./lecture_training.ts";

/** A curve of a line chart. */
interface Curve {
  readonly name: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** Returns the curves of the training loss and the validation loss over the steps. */
export function lossCurves(estimates: readonly LossEstimate[]): readonly Curve[] {
  return (["train", "validation"] as const).map((split) => ({
    name: split,
    x: estimates.map(({ step }) => step),
    y: estimates.map((estimate) => estimate[split]),
  }));
}

/** Returns the curve of the validation loss over the steps. */
export function validationCurve(
  name: string,
  { estimates }: { readonly estimates: readonly LossEstimate[] },
): Curve {
  return {
    name,
    x: estimates.map(({ step }) => step),
    y: estimates.map(({ validation }) => validation),
  };
}

/** The lecture's losses at a step. */
export interface LectureLosses {
  readonly train: number;
  readonly validation: number;
  /** Largest difference at which two losses count as the same. */
  readonly within: number;
  readonly source: string;
  /** Why our losses may differ from the lecture's; null if they should be equal. */
  readonly mayDiffer: string | null;
}

/** Checks of both losses, named "train loss" and "validation loss" followed by `name`. */
export function* lossChecks(
  name: string,
  ours: LossEstimate,
  { train, validation, ...common }: LectureLosses,
): Generator<Item> {
  yield check({ name: `train loss ${name}`, ours: ours.train, lecture: train, ...common });
  yield check({ name: `validation loss ${name}`, ours: ours.validation, lecture: validation, ...common });
}
