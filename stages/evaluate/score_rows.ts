/**
 * Computes the loss of a part of each row, for many rows of different lengths. Rows of similar length run
 * together, through programs that are compiled for a few lengths.
 *
 * @module
 */
import { ignoredTarget } from "../../kernels/ops/loss/cross_entropy.ts";
import type { ModelSession } from "../model/model_session.ts";
import { scoringShapes } from "../model/scoring.ts";
import type { TokenRow } from "../task/choice_rows.ts";

/** The loss of a row's scored tokens. */
export type RowScore = Readonly<{
  /** Sum of the losses of the scored tokens, in nats. */
  sum: number;
  /** Number of scored tokens. */
  count: number;
}>;

/**
 * Scores rows and returns the scores in the order of the rows. The score of a row does not depend on the
 * other rows. Throws RangeError if the plan has no `scoring`, and for a row that is too long, has no token to
 * predict, or has a token outside the vocabulary.
 */
export async function scoreRows(
  model: ModelSession,
  rows: readonly TokenRow[],
): Promise<readonly RowScore[]> {
  const { scoring, model: { seqLen } } = model.plan;
  if (scoring === undefined) throw new RangeError("Cannot score rows: the plan has no scoring");
  const shapes = scoringShapes(seqLen, scoring);
  const scores: RowScore[] = [];
  const byShape = Map.groupBy(rows.keys(), (i) => {
    const { ids, from } = rows[i];
    const shape = shapes.find(([, length]) => length >= ids.length - 1);
    if (shape !== undefined && from >= 1 && from < ids.length) return shape;
    throw new RangeError(
      `Cannot score row ${i + 1}: it has ${ids.length} tokens, scored from ${from}: wanted at most ${
        seqLen + 1
      } tokens, scored from 1 or later`,
    );
  });
  for (const [shape, members] of byShape) {
    const [rowsOfBatch, length] = shape, size = rowsOfBatch * model.batchesAtOnce;
    for (let first = 0; first < members.length; first += size) {
      const batch = members.slice(first, first + size);
      const tokens = Math.ceil(batch.length / rowsOfBatch) * rowsOfBatch * length; // whole batches
      const inputs = new Uint32Array(tokens), targets = new Uint32Array(tokens).fill(ignoredTarget);
      batch.forEach((i, r) => {
        const { ids, from } = rows[i];
        inputs.set(ids.subarray(0, -1), r * length);
        targets.set(ids.subarray(from), r * length + from - 1);
      });
      const losses = await model.losses(inputs, targets, { scoring: shape });
      batch.forEach((i, r) => {
        const { ids, from } = rows[i];
        let sum = 0;
        for (const loss of losses.subarray(r * length + from - 1, r * length + ids.length - 1)) sum += loss;
        scores[i] = { sum, count: ids.length - from };
      });
    }
  }
  return scores;
}
