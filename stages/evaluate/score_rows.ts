/**
 * Losses of parts of many rows of different length: rows of like length run together, through programs of a few lengths.
 *
 * @module
 */
import { ignoredTarget } from "../../kernels/ops/loss/cross_entropy.ts";
import type { TokenRow } from "../task/choice_rows.ts";
import { scoringShapes } from "../model/scoring.ts";
import type { ModelSession } from "../model/model_session.ts";

/** What a row's asked tokens come to. */
export type RowScore = Readonly<{
  /** Their losses together, in nats. */
  sum: number;
  /** Their number. */
  count: number;
}>;

/**
 * Scores rows, in their order; a row's score does not depend on the others. The plan must have `scoring`. Throws
 * RangeError where it has none, for a row too long or without a token to predict, and for tokens that the model does
 * not know.
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
      `Cannot score row ${i}: ${ids.length} tokens from ${from} on: wanted at most ${
        seqLen + 1
      }, and one at least to predict`,
    );
  });
  for (const [shape, members] of byShape) {
    const [size, length] = shape;
    for (let first = 0; first < members.length; first += size) {
      const some = members.slice(first, first + size);
      const inputs = new Uint32Array(size * length);
      const targets = new Uint32Array(size * length).fill(ignoredTarget);
      some.forEach((i, r) => {
        const { ids, from } = rows[i];
        inputs.set(ids.subarray(0, -1), r * length);
        targets.set(ids.subarray(from), r * length + from - 1);
      });
      const losses = await model.losses(inputs, targets, { scoring: shape });
      some.forEach((i, r) => {
        const { ids, from } = rows[i];
        let sum = 0;
        for (const loss of losses.subarray(r * length + from - 1, r * length + ids.length - 1)) sum += loss;
        scores[i] = { sum, count: ids.length - from };
      });
    }
  }
  return scores;
}
