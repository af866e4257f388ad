/**
 * Counts how often each chunk occurs in texts: the only information about the texts that BPE training needs.
 *
 * @module
 */
import { ChunkIndex } from "../chunk_index.ts";
import { type ChunkEnd, chunkEnd, type Pattern } from "../split/patterns.ts";

/** The counts of a counter as plain data. */
export type ChunkCounts = Readonly<{
  /** Number of texts. */
  texts: number;
  /** The distinct chunks joined, in the order of their first occurrence. */
  chunks: string;
  /** Length of each distinct chunk in UTF-16 units. */
  lengths: readonly number[];
  /** Number of occurrences of each distinct chunk. */
  counts: readonly number[];
}>;

/** Counts chunks. Memory grows with the number of distinct chunks, not with the length of the texts. */
export class ChunkCounter {
  /** The distinct chunks, indexed in the order of their first occurrence. */
  readonly index: ChunkIndex = new ChunkIndex();
  /** Number of occurrences of each distinct chunk. */
  readonly counts: number[] = [];
  /** Number of texts. */
  texts = 0;
  /** Number of chunks, repeated ones included. */
  chunks = 0;
  readonly #chunkEnd: ChunkEnd;

  /** Throws SyntaxError if the pattern is not a regular expression. */
  constructor(pattern: Pattern) {
    this.#chunkEnd = chunkEnd(pattern);
  }

  /** Counts the chunks of a text. */
  add(text: string): void {
    const whole = text.toWellFormed();
    this.texts++;
    for (let start = 0; start < whole.length;) {
      const stop = this.#chunkEnd(whole, start);
      this.#count(whole, start, stop, 1);
      start = stop;
    }
  }

  /**
   * Adds the counts of another counter with the same pattern, as if its texts were added to this counter now.
   */
  addCounted({ texts, chunks, lengths, counts }: ChunkCounts): void {
    this.texts += texts;
    let start = 0;
    for (let i = 0; i < lengths.length; i++) {
      this.#count(chunks, start, start + lengths[i], counts[i]);
      start += lengths[i];
    }
  }

  /** The counts so far. */
  counted(): ChunkCounts {
    return {
      texts: this.texts,
      chunks: this.index.joined(),
      lengths: this.index.lengths(),
      counts: [...this.counts],
    };
  }

  #count(text: string, start: number, stop: number, times: number): void {
    const chunk = this.index.find(text, start, stop);
    if (chunk < 0) this.counts[this.index.add(text, start, stop)] = times;
    else this.counts[chunk] += times;
    this.chunks += times;
  }
}
