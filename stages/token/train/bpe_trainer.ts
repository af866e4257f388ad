/**
 * Counts the chunks of texts, then learns merges from the counts.
 *
 * @module
 */
import { BpeTokenizer } from "../bpe.ts";
import { charactersToBytes } from "../byte_characters.ts";
import { ChunkCounter, type ChunkCounts } from "./chunk_counter.ts";
import { learnMerges, LinkedChunks, type TieBreak } from "./learn_merges.ts";
import { type Pattern, patternName } from "../split/patterns.ts";

/** Options of the training. */
export interface TrainBpeOptions {
  /** Number of tokens: bytes, merges and special tokens. The result has fewer if no pair is left to merge. */
  readonly vocabSize: number;
  /** Pattern that splits texts into chunks; no token spans two chunks (default gpt4). */
  readonly pattern?: Pattern;
  /** Texts of the special tokens; their ids come after the merges (default: none). */
  readonly special?: readonly string[];
  /**
   * Which of several equally frequent pairs is merged. `first-seen` (default; minbpe): the pair that occurs
   * first in the texts as merged so far. `greatest` (Stanford's CS336): the lexicographically greatest pair
   * of byte strings. `smallest-id` (Hugging Face): the least pair of ids, with bytes in Hugging Face's order.
   */
  readonly tieBreak?: TieBreak;
}

/** Facts about a training, as stored in report.json. */
export type TrainBpeReport = Readonly<{
  vocabSize: number;
  /** Number of merges. */
  merges: number;
  pattern: string;
  tieBreak: TieBreak;
  special: readonly string[];
  /** Number of texts. */
  texts: number;
  /** Length of the texts in UTF-8 bytes. */
  bytes: number;
  /** Number of chunks, repeated ones included. */
  chunks: number;
  /** Number of distinct chunks. */
  differentChunks: number;
  /** Number of tokens when the trained tokenizer encodes the texts. */
  tokens: number;
  bytesPerToken: number;
}>;

/**
 * Collects chunk counts, then trains. Memory grows with the number of distinct chunks, not with the length of
 * the texts.
 */
export class BpeTrainer {
  readonly #options: Required<TrainBpeOptions>;
  readonly #counter: ChunkCounter;

  /**
   * Throws RangeError if `vocabSize` is below 256 plus the number of special tokens or a special token has
   * the text of a byte's token, and SyntaxError for a bad pattern.
   */
  constructor(options: TrainBpeOptions) {
    const { vocabSize, pattern = "gpt4", special = [], tieBreak = "first-seen" } = options;
    const least = 256 + special.length;
    if (!Number.isSafeInteger(vocabSize) || vocabSize < least || vocabSize > 2 ** 21) {
      throw new RangeError(
        `Cannot train a vocabulary of ${vocabSize} tokens: expected a whole number of at least ${least} (256 bytes and ` +
          `${special.length} special tokens) to ${2 ** 21}`,
      );
    }
    checkDistinct(special);
    this.#options = { vocabSize, pattern: patternName(pattern), special, tieBreak };
    this.#counter = new ChunkCounter(pattern);
  }

  /** Counts the chunks of a text. */
  add(text: string): void {
    this.#counter.add(text);
  }

  /**
   * Returns the counts so far as plain data, from which another trainer with the same pattern can continue.
   */
  counted(): ChunkCounts {
    return this.#counter.counted();
  }

  /** Adds the counts of another counter or trainer with the same pattern. */
  addCounted(counted: ChunkCounts): void {
    this.#counter.addCounted(counted);
  }

  /** Trains on the texts added so far. The same texts in the same order give the same merges. */
  train(): { tokenizer: BpeTokenizer; report: TrainBpeReport } {
    const { vocabSize, pattern, special, tieBreak } = this.#options;
    const chunks = new LinkedChunks(this.#counter);
    const bytes = chunks.tokenCount();
    const { tokens, merges } = learnMerges(chunks, vocabSize - special.length, tieBreak);
    const ids = new Map(special.map((text, i) => [text, tokens.length + i]));
    const tokenizer = new BpeTokenizer({ pattern, tokens, merges, special: ids });
    const count = chunks.tokenCount();
    return {
      tokenizer,
      report: {
        vocabSize: tokenizer.vocabSize,
        merges: merges.length,
        pattern,
        tieBreak,
        special,
        texts: this.#counter.texts,
        bytes,
        chunks: this.#counter.chunks,
        differentChunks: this.#counter.index.size,
        tokens: count,
        bytesPerToken: count === 0 ? 0 : bytes / count,
      },
    };
  }
}

/**
 * Throws RangeError if a special token is written like a byte: files would then have two ids for one text.
 */
function checkDistinct(special: readonly string[]): void {
  const same = special.find((text) => charactersToBytes(text)?.length === 1);
  if (same === undefined) return;
  throw new RangeError(
    `Cannot train with the special token ${JSON.stringify(same)}: the token of a byte has the same text: ` +
      `give another --special`,
  );
}
