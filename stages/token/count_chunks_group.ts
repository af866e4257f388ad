/**
 * Counting chunks as a list of stages told by plain data: what runs in each worker of a parallel flow.
 *
 * @module
 */
import { map, type Stage } from "../flow/stage.ts";
import { ChunkCounter, type ChunkCounts } from "./chunk_counter.ts";
import type { Pattern } from "./patterns.ts";

/** A stage from texts to the counts of their chunks. */
export function countChunksStages(
  { pattern }: { readonly pattern: Pattern },
): Stage<readonly string[], ChunkCounts>[] {
  return [map("count chunks", (texts: readonly string[]) => {
    const counter = new ChunkCounter(pattern);
    for (const text of texts) counter.add(text);
    return counter.counted();
  })];
}
