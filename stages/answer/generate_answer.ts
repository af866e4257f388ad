/**
 * Generates an answer, or the continuation of a text, and yields its parts as they are complete.
 *
 * @module
 */
import type { TokenGenerator } from "../sample/token_generator.ts";
import type { GenerateTokensOptions, Hand, TokenRequest } from "../sample/token_text.ts";
import { type AnswerPart, AnswerReader, type AnswerReaderOptions } from "./answer_reader.ts";

/** Why an answer ended: at a token or string that ends it, at its largest length, or with calls of tools. */
export type AnswerEnd = "stop" | "length" | "calls";

/** The last event of an answer. */
export interface AnswerSummary {
  readonly type: "end";
  readonly end: AnswerEnd;
  /** Number of tokens of the answer, the one that ended it included. */
  readonly tokens: number;
  /** Number of the prompt's tokens that were in a KV cache. */
  readonly reused: number;
  /** Ids of all tokens of the answer. */
  readonly ids: readonly number[];
}

/** What is generated, and how it is read. */
export interface AnswerOptions extends AnswerReaderOptions {
  readonly request: TokenRequest;
  /** Text that the prompt has already begun the answer with. Default: none. */
  readonly begun?: string;
  readonly sampling: Omit<GenerateTokensOptions, "vocabSize">;
}

/** Generates an answer. Throws the errors of `TokenGenerator.generate`. */
export async function* generateAnswer(
  generator: TokenGenerator,
  { request, begun = "", sampling, ...options }: AnswerOptions,
): AsyncGenerator<AnswerPart | AnswerSummary, void, undefined> {
  const reader = new AnswerReader(options), ids: number[] = [];
  let reused = 0, end: AnswerEnd = "length";
  yield* reader.begin(begun);
  const settings = { ...sampling, vocabSize: options.tokenizer.vocabSize };
  for await (const event of generator.generate(request, settings)) {
    if ("reused" in event) reused = event.reused;
    else if ("end" in event) end = event.end === "end" ? "stop" : "length";
    else {
      ids.push(event.id);
      if (sampling.ends.has(event.id)) continue;
      yield* reader.push(event);
      if (reader.ended === null) continue;
      end = reader.ended;
      break;
    }
  }
  yield* reader.end();
  if (reader.calls > 0 && end === "stop") end = "calls";
  yield { type: "end", end, tokens: ids.length, reused, ids };
}

/** Returns a hand that asks each of several in turn, and forces what the first forces that forces anything. */
export function firstHand(hands: readonly Hand[]): Hand {
  return {
    async after(id) {
      let forced: readonly number[] = [];
      for (const hand of hands) {
        const own = await hand.after(id); // each sees every token
        if (forced.length === 0) forced = own;
      }
      return forced;
    },
  };
}
