/**
 * Generates several texts at once: each step of the model computes the next token of every text. Texts beyond
 * the number that the plan allows at once wait for a free slot of the KV cache.
 *
 * @module
 */
import type { ModelSession } from "../model/model_session.ts";
import type { Tokenizer } from "../token/tokenizer.ts";
import { CacheSlots, type GenerationStep } from "./cache_slots.ts";
import {
  GeneratedText,
  type GeneratedTextOptions,
  type GenerationEvent,
  type TextRequest,
} from "./generated_text.ts";
import { checkSamplingOptions } from "./sample_token.ts";
import { StopStrings } from "./stop_strings.ts";

/** How to generate texts. */
export interface GenerateOptions extends GeneratedTextOptions {
  /**
   * Number of tokens to drop at once when the model's sequence is full. Default 1: each new token then sees
   * as many tokens as the model can take, as in nanoGPT, but all positions shift with each token, so each
   * token costs a whole forward pass.
   */
  readonly slide?: number;
  /** Signal that aborts all texts. */
  readonly signal?: AbortSignal | undefined;
  /** Called after each step of the model. */
  onStep?(step: GenerationStep): void;
}

/**
 * Generates texts, as many at once as the model's plan allows. Throws RangeError for options that
 * `checkGenerateOptions` rejects, for an empty prompt if the tokenizer has no end-of-text token, and for
 * tokens outside the model's vocabulary.
 *
 * @example
 * ```ts
 * import { byteTokenizer, generateTexts, gpt, initialWeights } from "@stagewise/gpt";
 * import { openEngine, openModel, plan } from "@stagewise/gpt";
 *
 * const model = gpt({ layers: 1, heads: 1, channels: 16, seqLen: 8, vocabSize: 257 });
 * const { engine } = await openEngine("cpu");
 * const planned = plan({ model, sampling: { texts: 2 } });
 * await using session = await openModel(engine, { plan: planned, weights: initialWeights(model, 1) });
 * const texts = ["We", "The"].map((prompt, sample) => ({ prompt, sample }));
 * const pieces = texts.map(({ prompt }) => [prompt]);
 * for await (const event of generateTexts(session, byteTokenizer(), { texts, maxTokens: 4 })) {
 *   if ("piece" in event) pieces[event.text].push(event.piece);
 * }
 * console.log(pieces.map(([prompt]) => prompt)); // [ "We", "The" ]
 * ```
 */
export async function* generateTexts(
  model: ModelSession,
  tokenizer: Tokenizer,
  { texts: requests, ...options }: GenerateOptions & { readonly texts: readonly TextRequest[] },
): AsyncGenerator<GenerationEvent, void, undefined> {
  const { vocabSize } = model.plan.model, { maxTokens, slide = 1, signal } = options;
  checkGenerateOptions(options, model.plan.model);
  const slots = new CacheSlots(model, { slide, onStep: options.onStep?.bind(options) });
  const waiting = requests.map((request, index) =>
    new GeneratedText(request, { index, tokenizer, vocabSize, options })
  );
  let active: GeneratedText[] = [];
  while (waiting.length > 0 || active.length > 0) {
    signal?.throwIfAborted();
    while (waiting.length > 0 && (slots.free > 0 || maxTokens === 0)) {
      const text = waiting.shift()!;
      if (maxTokens === 0) yield { text: text.index, end: "length" };
      else {
        await slots.start(text);
        active.push(text);
        signal?.throwIfAborted();
      }
    }
    for (const text of active) {
      yield* text.sampleNext();
      if (text.ended) slots.release(text);
    }
    active = active.filter(({ ended }) => !ended);
    await slots.predict(active);
  }
}

/** Throws RangeError for invalid options. A model with this sequence length must be able to use them. */
export function checkGenerateOptions(
  options: GenerateOptions,
  { seqLen }: { readonly seqLen: number },
): void {
  const { maxTokens, slide = 1, stop = [] } = options;
  checkSamplingOptions(options);
  if (!Number.isInteger(maxTokens) || maxTokens < 0) {
    throw new RangeError(`Cannot generate ${maxTokens} tokens: wanted a whole number of at least 0`);
  }
  if (!Number.isInteger(slide) || slide < 1 || slide > seqLen) {
    throw new RangeError(
      `Cannot drop ${slide} tokens at once (slide): wanted 1 to ${seqLen} (the model's sequence length)`,
    );
  }
  new StopStrings(stop); // throws for an empty stop string
}
