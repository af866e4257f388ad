/**
 * How often each chunk stands in texts: all that learning a vocabulary needs to know of them.
 *
 * @module
 */
import { ChunkIndex } from "../chunk_index.ts";
import { type ChunkEnd, chunkEnd, type Pattern } from "../split/patterns.ts";

/** What was counted, as data. */
export type ChunkCounts = Readonly<{
  texts: number;
  /** The different chunks one after another, in the order in which they were met first. */
  chunks: string;
  /** UTF-16 units of each. */
  lengths: readonly number[];
  /** How often each was met. */
  counts: readonly number[];
}>;

/** Counts chunks. Memory grows with the number of different chunks, not with the texts. */
export class ChunkCounter {
  /** The different chunks, in the order in which they were met first. */
  readonly index: ChunkIndex = new ChunkIndex();
  /** How often each was met. */
  readonly counts: number[] = [];
  /** Number of texts. */
  texts = 0;
  /** Number of chunks, equal ones too. */
  chunks = 0;
  readonly #chunkEnd: ChunkEnd;

  /** Throws SyntaxError for a pattern that is no expression. */
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

  /** Adds what another counter of the same pattern has counted, as if its texts came after what is there. */
  addCounted({ texts, chunks, lengths, counts }: ChunkCounts): void {
    this.texts += texts;
    let start = 0;
    for (let i = 0; i < lengths.length; i++) {
      this.#count(chunks, start, start + lengths[i], counts[i]);
      start += lengths[i];
    }
  }

  /** What was counted so far. */
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
