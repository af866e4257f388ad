/**
 * Learns a byte-pair vocabulary from texts: their chunks are counted, then the counts are learned from.
 *
 * @module
 */
import { asSource } from "../../flow/as_source.ts";
import { from } from "../../flow/flow.ts";
import { BpeTokenizer } from "../bpe.ts";
import { ChunkCounter, type ChunkCounts } from "./chunk_counter.ts";
import { countChunks, GROUP_CHARACTERS, type TextGroup } from "./count_chunks.ts";
import { learnMerges, type TieBreak, Words } from "./learn_merges.ts";
import { type Pattern, patternName } from "../split/patterns.ts";
export type { ChunkCounts } from "./chunk_counter.ts";
export type { TieBreak } from "./learn_merges.ts";

/** What to learn. */
export interface TrainBpeOptions {
  /** Bytes, merges and special tokens together; fewer if the texts run out of pairs. */
  readonly vocabSize: number;
  /** How texts are cut first; no merge crosses a cut. Default gpt4. */
  readonly pattern?: Pattern;
  /** Special tokens; their ids come after the merges. */
  readonly special?: readonly string[];
  /**
   * `first-seen` (default; minbpe): the pair that stands first in the texts as merged so far. `greatest` (CS336): the
   * lexicographically greatest pair of bytes. `smallest-id` (Hugging Face): the least pair of ids, where bytes are
   * ordered as Hugging Face orders them.
   */
  readonly tieBreak?: TieBreak;
}

/** What was learned from. */
export type TrainBpeReport = Readonly<{
  vocabSize: number;
  merges: number;
  pattern: string;
  tieBreak: TieBreak;
  special: readonly string[];
  texts: number;
  /** UTF-8 bytes of the texts. */
  bytes: number;
  chunks: number;
  differentChunks: number;
  /** Tokens of the texts when encoded by what was learned. */
  tokens: number;
  bytesPerToken: number;
}>;

/** Gathers texts, then learns. Memory grows with the number of different chunks, not with the texts. */
export class BpeTrainer {
  readonly #options: Required<TrainBpeOptions>;
  readonly #counter: ChunkCounter;

  /** Throws RangeError if vocabSize has no room for 256 bytes and the special tokens, SyntaxError for a bad pattern. */
  constructor(options: TrainBpeOptions) {
    const { vocabSize, pattern = "gpt4", special = [], tieBreak = "first-seen" } = options;
    const least = 256 + special.length;
    if (!Number.isSafeInteger(vocabSize) || vocabSize < least || vocabSize > 2 ** 21) {
      throw new RangeError(
        `Cannot learn a vocabulary of ${vocabSize}: expected a whole number from ${least} (256 bytes and ` +
          `${special.length} special tokens) to ${2 ** 21}`,
      );
    }
    this.#options = { vocabSize, pattern: patternName(pattern), special, tieBreak };
    this.#counter = new ChunkCounter(pattern);
  }

  /** Counts the chunks of a text. */
  add(text: string): void {
    this.#counter.add(text);
  }

  /** What was added so far, as data: another trainer of the same pattern goes on from it. */
  counted(): ChunkCounts {
    return this.#counter.counted();
  }

  /** Adds what was counted elsewhere by the same pattern, after what is there. */
  addCounted(counted: ChunkCounts): void {
    this.#counter.addCounted(counted);
  }

  /** Learns from what was added: the same merges for the same texts in the same order. */
  train(): { tokenizer: BpeTokenizer; report: TrainBpeReport } {
    const { vocabSize, pattern, special, tieBreak } = this.#options;
    const words = new Words(this.#counter);
    const bytes = words.tokenCount();
    const { tokens, merges } = learnMerges(words, vocabSize - special.length, tieBreak);
    const ids = new Map(special.map((text, i) => [text, tokens.length + i]));
    const tokenizer = new BpeTokenizer({ pattern, tokens, merges, special: ids });
    const count = words.tokenCount();
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
 * Learns a byte-pair vocabulary from texts, which are not kept: a stream of any length will do. On several `workers`
 * (default 1) the counting is shared; what is learned is the same.
 *
 * @example
 * ```ts
 * import { trainBpe } from "./train_bpe.ts";
 * const { tokenizer } = await trainBpe(["aaabdaaabac"], { vocabSize: 259, pattern: "none" });
 * console.log([...tokenizer.encodeOrdinary("aaabdaaabac")]); // [ 258, 100, 258, 97, 99 ]
 * ```
 */
export async function trainBpe(
  texts: Iterable<string> | AsyncIterable<string>,
  options: TrainBpeOptions & { readonly workers?: number },
): Promise<{ tokenizer: BpeTokenizer; report: TrainBpeReport }> {
  const { workers = 1, ...what } = options;
  const trainer = new BpeTrainer(what);
  if (workers <= 1) { for await (const text of texts) trainer.add(text); }
  else {
    const counts = from(asSource("texts", () => groups(texts)))
      .pipe(countChunks({ pattern: what.pattern ?? "gpt4", workers }));
    for await (const counted of counts.stream()) trainer.addCounted(counted);
  }
  return trainer.train();
}

async function* groups(texts: Iterable<string> | AsyncIterable<string>): AsyncGenerator<TextGroup> {
  let group: string[] = [], characters = 0;
  for await (const text of texts) {
    group.push(text);
    characters += text.length;
    if (characters < GROUP_CHARACTERS) continue;
    yield { texts: group, excerpt: "" };
    group = [];
    characters = 0;
  }
  yield { texts: group, excerpt: "" };
}
