/**
 * Measures after training how many words of the model's samples occur in the training text.
 *
 * @module
 */
import type { WordsEvent } from "../flow/events.ts";
import { periodic } from "../flow/periodic.ts";
import type { Context, Stage } from "../flow/stage.ts";
import type { TokenShard } from "../items.ts";
import type { ModelUpdate } from "../model/model_update.ts";
import { StreamDecoder } from "../token/decode_stream.ts";
import type { Tokenizer } from "../token/tokenizer.ts";
import { generateTexts } from "./generate_texts.ts";
import type { GeneratedTextOptions } from "./generated_text.ts";
import { WordSearch } from "./word_search.ts";
import { comparable, wordsOf } from "./words.ts";

/** Options of the stage `found-words`. */
export interface FoundWordsOptions extends Omit<GeneratedTextOptions, "seed"> {
  /** The model's tokenizer. */
  readonly tokenizer: Tokenizer;
  /** Text that the samples continue, or a function that returns it. */
  readonly prompt: string | (() => Promise<string>);
  /** Number of samples; 0 means that nothing is measured. Default 10. */
  readonly samples?: number;
  /** Maximum number of tokens of the training text to search. Default 16,777,216. */
  readonly maxSearched?: number;
  /** Returns the tokens of shards in the given order, in pieces. */
  read(shards: readonly TokenShard[]): Iterable<Uint32Array> | AsyncIterable<Uint32Array>;
}

/**
 * Number of tokens of each shard up to the last one trained on. Only tokens that training has used count: a
 * shard may still be growing, and the result must not depend on how fast.
 */
type TrainedOn = Map<string, number>;

interface SavedFoundWords {
  readonly measured?: number;
  readonly shards?: readonly (readonly [path: string, tokens: number])[];
}

/**
 * Passes models on. After the last update, draws samples and emits how many of their words occur in the
 * tokens of the shards trained on. The prompt's words do not count, and neither do the first and the last
 * word of a sample, which may be cut. Emits nothing if the shards are gone, if the tokenizer cannot decode
 * them, or if the run is stopping.
 *
 * @example
 * ```ts
 * import { byteTokenizer } from "@stagewise/gpt";
 * import { foundWords } from "@stagewise/gpt/train";
 *
 * const text = new TextEncoder().encode("We the People");
 * const stage = foundWords({
 *   tokenizer: byteTokenizer(),
 *   prompt: "We",
 *   maxTokens: 96,
 *   read: () => [Uint32Array.from(text)],
 * });
 * console.log(stage.name); // "found-words"
 * ```
 */
export function foundWords(options: FoundWordsOptions): Stage<ModelUpdate, ModelUpdate> {
  const atEnd = periodic<ModelUpdate, { readonly trainedOn: TrainedOn }, SavedFoundWords>("found-words", {
    every: Infinity, // only after the last update
    open: ({ measured = -1, shards = [] } = {}) => ({ actedOn: measured, trainedOn: new Map(shards) }),
    async act(update, { trainedOn }, ctx) {
      const event = await measure(options, { update, trainedOn, ctx });
      if (event !== null) ctx.emit(event);
    },
    save: ({ actedOn, trainedOn }) => ({ measured: actedOn, shards: [...trainedOn] }),
  });
  return {
    ...atEnd,
    push(update, state: { readonly trainedOn: TrainedOn }, ctx) {
      for (const { path, start, count } of update.batch.origins ?? []) {
        state.trainedOn.set(path, Math.max(start + count, state.trainedOn.get(path) ?? 0));
      }
      return atEnd.push(update, state, ctx);
    },
  };
}

/** Errors of shards that are gone or have been replaced, and of tokens that the tokenizer lacks. */
const unreadable = [
  Deno.errors.NotFound,
  Deno.errors.InvalidData,
  Deno.errors.UnexpectedEof,
  RangeError,
] as const;

async function measure(
  { tokenizer, samples = 10, maxSearched = 1 << 24, read, ...options }: FoundWordsOptions,
  { update, trainedOn, ctx }: {
    readonly update: ModelUpdate;
    readonly trainedOn: TrainedOn;
    readonly ctx: Context;
  },
): Promise<WordsEvent | null> {
  if (samples === 0 || trainedOn.size === 0) return null;
  await update.reported();
  const prompt = typeof options.prompt === "function" ? await options.prompt() : options.prompt;
  const texts = Array.from({ length: samples }, () => "");
  const generation = generateTexts(update.model, tokenizer, {
    ...options,
    texts: texts.map((_, sample) => ({ prompt, sample })),
    seed: ctx.seed,
    signal: ctx.signal,
    // Beyond the model's sequence length half of a text is dropped at a time: the default would read the
    // whole sequence again for each token.
    slide: Math.max(1, update.model.plan.cacheLength >> 1),
  });
  for await (const event of generation) {
    if (ctx.stopping) return null;
    if ("piece" in event) texts[event.text] += event.piece;
  }
  const words = texts.flatMap((text) => wordsOf(comparable(text)).slice(1, -1));
  const search = new WordSearch(words);
  const shards = [...trainedOn].sort(([a], [b]) => a < b ? -1 : 1)
    .map(([path, count]) => ({ path, start: 0, count }));
  let searched: number | null;
  try {
    searched = await searchTokens(search, { pieces: read(shards), tokenizer, maxSearched, ctx });
  } catch (error) {
    if (unreadable.some((kind) => error instanceof kind)) return null;
    throw error;
  }
  if (searched === null) return null;
  const total = shards.reduce((sum, { count }) => sum + count, 0);
  return {
    type: "words",
    step: update.step,
    samples,
    words: words.length,
    found: words.filter((word) => !search.missing.has(word)).length,
    ...(search.missing.size > 0 && searched < total && { firstTokens: searched }),
  };
}

/**
 * Searches the text of tokens until all words are found, and returns the number of tokens searched; null if
 * the run is stopping. Special tokens separate words. Throws RangeError for a token that the tokenizer lacks.
 */
async function searchTokens(
  search: WordSearch,
  { pieces, tokenizer, maxSearched, ctx }: {
    readonly pieces: Iterable<Uint32Array> | AsyncIterable<Uint32Array>;
    readonly tokenizer: Tokenizer;
    readonly maxSearched: number;
    readonly ctx: Pick<Context, "signal" | "stopping">;
  },
): Promise<number | null> {
  const decoder = new StreamDecoder(tokenizer), special = new Set(tokenizer.special.values());
  let searched = 0;
  for await (const piece of pieces) {
    await new Promise((resolve) => setTimeout(resolve)); // lets Ctrl-C arrive
    ctx.signal.throwIfAborted();
    if (ctx.stopping) return null;
    if (search.missing.size === 0) return searched;
    const ids = piece.subarray(0, maxSearched - searched);
    searched += ids.length;
    for (let start = 0; start < ids.length;) {
      let end = start;
      while (end < ids.length && !special.has(ids[end])) end++;
      search.push(decoder.push(ids.subarray(start, end)));
      if (end < ids.length) search.push(`${decoder.end()}\n`);
      start = end + 1;
    }
    if (searched === maxSearched) return searched;
  }
  search.end();
  return searched;
}
