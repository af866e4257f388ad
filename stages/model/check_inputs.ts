/**
 * Checks a model's inputs: token ids against the vocabulary, batches against the plan.
 *
 * @module
 */
import { ignoredTarget } from "../../kernels/ops/loss/cross_entropy.ts";
import type { Batch } from "../items.ts";
import type { Plan } from "./plan.ts";
import type { TrainingPlan } from "./training_plan.ts";

/**
 * Throws RangeError unless all token ids are less than `limit`; among targets, `ignoredTarget` is allowed
 * too.
 */
export function checkTokens(
  ids: Uint32Array,
  options: { readonly limit: number; readonly what: string },
): void {
  const { limit, what } = options;
  const at = ids.findIndex((id) => id >= limit && !(what === "target" && id === ignoredTarget));
  if (at < 0) return;
  throw new RangeError(
    `Cannot use ${what} token ${
      ids[at]
    } at ${at}: the model's vocabulary has ${limit}: was the text encoded with another tokenizer?`,
  );
}

/** The plan's `training`. Throws RangeError if it has none. */
export function trainingOf({ training }: Plan): TrainingPlan {
  if (training === undefined) throw new RangeError("Cannot train: the plan has no training");
  return training;
}

/** The inputs that the training programs read. */
export interface BatchInputs {
  /** Input tokens, [A, B, T]. */
  readonly inputs: Uint32Array;
  /** Targets, [A, B, T]; masked ones are `ignoredTarget`. */
  readonly targets: Uint32Array;
  /** Weight of each target's loss: `1 / (number of targets that count)`. */
  readonly lossWeight: number;
}

/**
 * Returns the inputs of a batch, with its mask applied to the targets. Throws RangeError if the batch's shape
 * differs from the plan's, if a token is outside the vocabulary, or if every target is masked.
 */
export function batchInputs(plan: Plan, batch: Batch): BatchInputs {
  const { model } = plan, training = trainingOf(plan);
  const wanted = training.shape.reduce((a, b) => a * b);
  const sizes = [batch.inputs.length, batch.targets.length, batch.mask?.length ?? wanted];
  if (String(batch.shape) !== String(training.shape) || sizes.some((n) => n !== wanted)) {
    throw new RangeError(
      `Cannot train on a batch of shape [${batch.shape}] with ${sizes} tokens: wanted [${training.shape}]`,
    );
  }
  checkTokens(batch.inputs, { limit: model.vocabSize, what: "input" });
  checkTokens(batch.targets, { limit: model.vocabSize, what: "target" });
  const { mask, inputs } = batch;
  const targets = mask ? batch.targets.map((t, i) => mask[i] === 0 ? ignoredTarget : t) : batch.targets;
  const counted = targets.reduce((n, t) => n + (t === ignoredTarget ? 0 : 1), 0);
  if (counted === 0) throw new RangeError("Cannot train on a batch whose every target is masked");
  return { inputs, targets, lossWeight: 1 / counted };
}
