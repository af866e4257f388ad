/**
 * Joins the two parts of a run: batches of examples, and then items of another kind.
 *
 * @module
 */
import { type Stage, stage } from "../flow/stage.ts";
import type { Batch } from "../items.ts";

/** A batch of examples, or the number of an item that comes after all batches. */
export type BatchOrNumber = { readonly batch: Batch } | { readonly number: number };

/** Passes the first `count` batches on; each further one stands for the next number, from 0. */
export function afterBatches(count: number): Stage<Batch, BatchOrNumber> {
  return stage<Batch, BatchOrNumber, { seen: number }>({
    name: "parts",
    open: (_ctx, saved = { seen: 0 }) => saved,
    push(batch, state) {
      const index = state.seen++;
      return [index < count ? { batch } : { number: index - count }];
    },
  });
}
