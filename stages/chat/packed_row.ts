/**
 * Rows of several documents.
 *
 * @module
 */
import type { Rendered } from "./template/template.ts";

/** Tokens of one or several documents, filled up to a fixed size. */
export interface PackedRow {
  /** Token ids; 0 after the last document. */
  readonly ids: Uint32Array;
  /** Weight of each id in the loss. */
  readonly weights: Float32Array;
  /** For each id, the number of its document in the row, from 1; 0 after the last document. */
  readonly segments: Uint32Array;
}

/** Joins documents to a row of `size` ids. Throws RangeError if they have more. */
export function rowOf(documents: readonly Omit<Rendered, "id">[], size: number): PackedRow {
  const row = {
    ids: new Uint32Array(size),
    weights: new Float32Array(size),
    segments: new Uint32Array(size),
  };
  let at = 0;
  for (const [i, { ids, weights }] of documents.entries()) {
    if (at + ids.length > size) {
      throw new RangeError(`Cannot make a row of ${size} tokens from ${at + ids.length}`);
    }
    row.ids.set(ids, at);
    row.weights.set(weights, at);
    row.segments.fill(i + 1, at, at + ids.length);
    at += ids.length;
  }
  return row;
}

/** Returns whether any target of a document has a weight; its first id is no target. */
export function hasTargets({ weights }: Pick<Rendered, "weights">): boolean {
  return weights.subarray(1).some((weight) => weight !== 0);
}
