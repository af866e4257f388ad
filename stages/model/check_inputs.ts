/**
 * Checks a model's inputs: token ids against the vocabulary, batches against the plan.
 *
 * @module
 */
import type { TensorMap } from "../../kernels/core/tensor.ts";
import { ignoredTarget } from "../../kernels/ops/loss/cross_entropy.ts";
import type { Batch } from "../items.ts";
import type { Plan } from "./plan.ts";
import { scalar } from "./tensor_data.ts";
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
  /** Targets, [A, B, T]; those that do not count are `ignoredTarget`. */
  readonly targets: Uint32Array;
  /** Weight of each target's loss, [A, B, T]; null if the plan is not weighted. */
  readonly weights: Float32Array | null;
  /** First position of each token's document, [A, B, T]; null if the plan is not segmented. */
  readonly firstKeys: Uint32Array | null;
  /** Factor of the sum of the losses: `1 / divisor`. */
  readonly lossWeight: number;
}

/**
 * Returns the inputs of a batch, with its mask applied to the targets. Throws RangeError if the batch's shape
 * differs from the plan's, if a token is outside the vocabulary, if no target counts, or for weights or a
 * divisor that the plan cannot use.
 */
export function batchInputs(plan: Plan, batch: Batch): BatchInputs {
  const { model } = plan, training = trainingOf(plan), { mask, inputs } = batch;
  const wanted = training.shape.reduce((a, b) => a * b);
  const sizes = [inputs.length, batch.targets.length, mask?.length ?? wanted];
  if (String(batch.shape) !== String(training.shape) || sizes.some((n) => n !== wanted)) {
    throw new RangeError(
      `Cannot train on a batch of shape [${batch.shape}] with ${sizes} tokens: wanted [${training.shape}]`,
    );
  }
  checkTokens(inputs, { limit: model.vocabSize, what: "input" });
  checkTokens(batch.targets, { limit: model.vocabSize, what: "target" });
  checkMask(mask, training);
  const targets = mask ? batch.targets.map((t, i) => mask[i] === 0 ? ignoredTarget : t) : batch.targets;
  const weightAt = (i: number) => targets[i] === ignoredTarget ? 0 : mask?.[i] ?? 1;
  const sum = targets.reduce((total, _, i) => total + weightAt(i), 0), divisor = batch.divisor ?? sum;
  if (targets.every((t) => t === ignoredTarget)) {
    throw new RangeError("Cannot train on a batch whose every target is masked");
  }
  if (!Number.isFinite(divisor) || divisor === 0) {
    throw new RangeError(
      `Cannot divide the losses by ${divisor}${
        batch.divisor === undefined ? ", the sum of the weights" : ""
      }: give a divisor other than 0`,
    );
  }
  const weights = training.weighted === true ? Float32Array.from(targets, (_, i) => weightAt(i)) : null;
  return { inputs, targets, weights, firstKeys: firstKeysOf(batch, training), lossWeight: 1 / divisor };
}

/** Returns the positions of each token in its document, [A, B, T]. */
function documentPositions(firstKeys: Uint32Array, seqLen: number): Uint32Array<ArrayBuffer> {
  return Uint32Array.from(firstKeys, (first, i) => i % seqLen - first);
}

/** Returns the first position of each token's document; null if the plan is not segmented. */
function firstKeysOf(
  { segments, shape: [, , seqLen], inputs }: Batch,
  { segmented = false }: TrainingPlan,
): Uint32Array | null {
  if (!segmented) {
    if (segments === undefined) return null;
    throw new RangeError("Cannot keep documents apart: plan the training with segmented: true");
  }
  if (segments === undefined) return new Uint32Array(inputs.length);
  const wrong = segments.findIndex((first, i) =>
    first > i % seqLen || i % seqLen > 0 && first < segments[i - 1]
  );
  if (segments.length === inputs.length && wrong < 0) return segments;
  throw new RangeError(
    wrong < 0
      ? `Cannot keep documents apart: segments have ${segments.length} numbers for ${inputs.length} tokens`
      : `Cannot keep documents apart: token ${wrong % seqLen} of a sequence is in a document that begins at ${
        segments[wrong]
      }: wanted a position from that of the token before up to its own`,
  );
}

function checkMask(mask: Float32Array | undefined, { weighted = false }: TrainingPlan): void {
  const at = mask?.findIndex((w) => !(weighted ? Number.isFinite(w) : w === 0 || w === 1)) ?? -1;
  if (at < 0) return;
  throw new RangeError(
    `Cannot weigh the loss of target ${at} by ${mask?.[at]}: wanted ${
      weighted ? "a finite number" : "0 or 1: plan the training with weighted: true for other weights"
    }`,
  );
}

/** Returns the inputs of a batch as the tensors that the training programs read. */
export function batchTensors(
  { inputs, targets, weights, firstKeys, lossWeight }: BatchInputs,
  shape: Batch["shape"],
): TensorMap {
  return {
    inputs: { shape, data: inputs },
    targets: { shape, data: targets },
    ...(weights && { weights: { shape, data: weights } }),
    ...(firstKeys && {
      firstKeys: { shape, data: firstKeys },
      positions: { shape, data: documentPositions(firstKeys, shape[2]) },
    }),
    lossWeight: scalar(lossWeight),
  };
}
