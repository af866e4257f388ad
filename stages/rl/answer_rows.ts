/**
 * Rows of prompts and answers, whose log probabilities a first pass of the model reads, and the batches that
 * then have the derivatives of a loss as weights.
 *
 * @module
 */
import type { Batch } from "../items.ts";
import type { ModelSession } from "../model/model_session.ts";

/** The tokens of a prompt with an answer, and which of them count. */
export interface AnswerRow {
  /** All token ids. */
  readonly ids: Uint32Array;
  /** For each id, whether the answer chose it: 1, or 0. */
  readonly mask: ArrayLike<number>;
}

/** Rows of the same length [rows, T], filled up with tokens that do not count. */
export interface AnswerRows {
  readonly inputs: Uint32Array;
  readonly targets: Uint32Array;
  /** 1 for each target that counts. */
  readonly mask: Float32Array;
  /** Number of targets in a row, T. */
  readonly length: number;
}

/** A model that reads rows: a session, or the reference within a policy's session. */
export type Scorer = Pick<ModelSession, "plan" | "losses" | "batchesAtOnce">;

/** Returns rows of `length` targets each. Throws RangeError for a row that is longer. */
export function answerRows(rows: readonly AnswerRow[], length: number): AnswerRows {
  const size = rows.length * length;
  const inputs = new Uint32Array(size), targets = new Uint32Array(size), mask = new Float32Array(size);
  rows.forEach(({ ids, mask: own }, row) => {
    if (ids.length > length + 1) {
      throw new RangeError(`Cannot score ${ids.length} tokens: a row holds ${length + 1}`);
    }
    for (let t = 0; t + 1 < ids.length; t++) {
      inputs[row * length + t] = ids[t];
      targets[row * length + t] = ids[t + 1];
      mask[row * length + t] = own[t + 1];
    }
  });
  return { inputs, targets, mask, length };
}

/**
 * Returns the log probability of each target, [rows, T], 0 for those that do not count. The plan's evaluation
 * reads `B` rows at a time, or a multiple of `B` if processes share the work; the number of rows must be a
 * multiple of `B`.
 */
export async function logProbabilities(model: Scorer, rows: AnswerRows): Promise<Float64Array> {
  const { inputs, targets, mask } = rows, { evaluation } = model.plan;
  if (evaluation === undefined) {
    throw new RangeError("Cannot read log probabilities: the plan has no evaluation");
  }
  const size = evaluation.batch * evaluation.seqLen * model.batchesAtOnce,
    logps = new Float64Array(inputs.length);
  for (let at = 0; at < inputs.length; at += size) {
    const losses = await model.losses(inputs.subarray(at, at + size), targets.subarray(at, at + size));
    losses.forEach((loss, i) => logps[at + i] = mask[at + i] === 0 ? 0 : -loss);
  }
  return logps;
}

/**
 * Returns the batch whose gradient is that of a loss with these derivatives with respect to the log
 * probabilities; null if all are 0, which changes nothing.
 */
export function derivativeBatch(
  { inputs, targets }: AnswerRows,
  { gradient, shape }: { readonly gradient: ArrayLike<number>; readonly shape: Batch["shape"] },
): Batch | null {
  const mask = Float32Array.from(gradient, (slope) => -slope || 0);
  return mask.some((weight) => weight !== 0) ? { inputs, targets, mask, divisor: 1, shape } : null;
}
