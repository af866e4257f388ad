/**
 * Counting the chunks of many texts on several threads.
 *
 * @module
 */
import { parallel } from "../../flow/parallel/parallel.ts";
import { map, type Stage } from "../../flow/stage.ts";
import { ChunkCounter, type ChunkCounts } from "./chunk_counter.ts";
import { chunkEnd, type Pattern } from "../split/patterns.ts";

/** Texts that are counted together, and what is to stand beside their counts: a part of them to look at. */
export type TextGroup = Readonly<{ texts: readonly string[]; excerpt: string }>;

/** The counts of a group. */
export type CountedGroup = ChunkCounts & Readonly<{ excerpt: string }>;

/** Characters that make a group: its different chunks are a tenth of its chunks by then, and go back quickly. */
export const GROUP_CHARACTERS: number = 1 << 18;

/** How to count. */
export interface CountChunksOptions {
  readonly pattern: Pattern;
  /** With 0 or 1 the work is done in this thread. */
  readonly workers: number;
}

/** A stage from texts to the counts of their chunks. Throws SyntaxError for a bad pattern, and as `parallel`. */
export function countChunks({ pattern, workers }: CountChunksOptions): Stage<TextGroup, CountedGroup> {
  chunkEnd(pattern); // refuses what is none
  const work = { module: import.meta.url, group: "countChunksStages", options: { pattern } };
  return parallel(work, { workers, name: "count chunks" });
}

/** What runs in each worker. */
export function countChunksStages(
  { pattern }: { readonly pattern: Pattern },
): Stage<TextGroup, CountedGroup>[] {
  return [map("count chunks", ({ texts, excerpt }: TextGroup) => {
    const counter = new ChunkCounter(pattern);
    for (const text of texts) counter.add(text);
    return { ...counter.counted(), excerpt };
  })];
}
