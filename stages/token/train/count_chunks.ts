/**
 * A stage that counts the chunks of texts on several threads.
 *
 * @module
 */
import { parallel } from "../../flow/parallel/parallel.ts";
import { map, type Stage } from "../../flow/stage.ts";
import { ChunkCounter, type ChunkCounts } from "./chunk_counter.ts";
import { chunkEnd, type Pattern } from "../split/patterns.ts";

/** Texts that are counted together, and an excerpt of them that is passed on with the counts. */
export type TextGroup = Readonly<{ texts: readonly string[]; excerpt: string }>;

/** The counts of a group of texts. */
export type CountedGroup = ChunkCounts & Readonly<{ excerpt: string }>;

/**
 * Number of characters in a group of texts. In a group of this size only a tenth of the chunks are distinct,
 * so the counts are much smaller than the texts and quick to send back.
 */
export const GROUP_CHARACTERS: number = 1 << 18;

/** Options of `countChunks`. */
export interface CountChunksOptions {
  /** Pattern that splits text into chunks. */
  readonly pattern: Pattern;
  /** Number of threads; with 0 or 1 the calling thread does the work. */
  readonly workers: number;
}

/**
 * Returns a stage from groups of texts to chunk counts. Throws SyntaxError for a bad pattern, and the errors
 * of `parallel`.
 */
export function countChunks({ pattern, workers }: CountChunksOptions): Stage<TextGroup, CountedGroup> {
  chunkEnd(pattern); // throws for a bad pattern
  const work = { module: import.meta.url, group: "countChunksStages", options: { pattern } };
  return parallel(work, { workers, name: "count chunks" });
}

/** Returns the stages that run in each worker. */
export function countChunksStages(
  { pattern }: { readonly pattern: Pattern },
): Stage<TextGroup, CountedGroup>[] {
  return [map("count chunks", ({ texts, excerpt }: TextGroup) => {
    const counter = new ChunkCounter(pattern);
    for (const text of texts) counter.add(text);
    return { ...counter.counted(), excerpt };
  })];
}
