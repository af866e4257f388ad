/**
 * Generates an answer, or the continuation of a text, and yields its parts as they are complete.
 *
 * @module
 */
import type { TokenGenerator } from "../sample/token_generator.ts";
import type { GeneratedToken, GenerateTokensOptions, Hand, TokenRequest } from "../sample/token_text.ts";
import type { ToolHand } from "../tool/toolbox.ts";
import { type AnswerPart, AnswerReader, type AnswerReaderOptions } from "./answer_reader.ts";
import { beginsThought } from "./tagged_text.ts";

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
  readonly request: Omit<TokenRequest, "hand">;
  /** Runs the calls of tools, which are then part of the answer. Default: calls are for the client. */
  readonly toolHand?: ToolHand | null;
  /** Watches the answer as well, and may force tokens. Default: none. */
  readonly hand?: Hand | null;
  /** Text that the prompt has already begun the answer with. Default: none. */
  readonly begun?: string;
  readonly sampling: Omit<GenerateTokensOptions, "vocabSize">;
  /** Called with each token that the request wants scored, before the first part. */
  onScored?(token: GeneratedToken): void;
}

/** Generates an answer. Throws the errors of `TokenGenerator.generate`. */
export async function* generateAnswer(
  generator: TokenGenerator,
  { request, toolHand = null, hand = null, begun = "", sampling, onScored, ...options }: AnswerOptions,
): AsyncGenerator<AnswerPart | AnswerSummary, void, undefined> {
  const reader = new AnswerReader(options), ids: number[] = [];
  const runs = new Runs(toolHand, { isCode: (options.code ?? null) !== null });
  let reused = 0, end: AnswerEnd = "length", isBetween = false; // whether a message has ended
  yield* reader.begin(begun);
  const settings = { ...sampling, vocabSize: options.tokenizer.vocabSize };
  const hands = [toolHand, hand].filter((each) => each !== null);
  const watched = hands.length === 0 ? request : { ...request, hand: firstHand(hands) };
  for await (const event of generator.generate(watched, settings)) {
    if ("reused" in event) reused = event.reused;
    else if ("scored" in event) onScored?.(event.scored);
    else if ("end" in event) end = event.end === "end" ? "stop" : "length";
    else {
      ids.push(event.id);
      if (event.isChosen) {
        if (isBetween) {
          yield* runs.parts();
          reader.beginMessage({ inThought: beginsThought(options.tokenizer, ids.slice(0, -1)) });
        }
        isBetween = sampling.ends.has(event.id);
        if (isBetween) yield* runs.withoutCalls(reader.endMessage());
      }
      // After a message with calls come their results, in the form of the template.
      if (isBetween) continue;
      yield* runs.withoutCalls(reader.push(event));
      if (reader.ended === null) continue;
      end = reader.ended;
      break;
    }
  }
  yield* runs.withoutCalls(reader.endMessage());
  yield* runs.parts();
  if (toolHand === null && reader.calls > 0 && end === "stop") end = "calls";
  yield { type: "end", end, tokens: ids.length, reused, ids };
}

/** The calls of an answer that have run, as parts of it. */
class Runs {
  readonly #hand: ToolHand | null;
  readonly #isCode: boolean;
  #shown = 0;

  /** `isCode` says whether the answer itself has the code and its output. */
  constructor(hand: ToolHand | null, { isCode }: { readonly isCode: boolean }) {
    this.#hand = hand;
    this.#isCode = isCode;
  }

  /** Leaves out calls that the hand runs. */
  withoutCalls(parts: readonly AnswerPart[]): readonly AnswerPart[] {
    return this.#hand === null ? parts : parts.filter(({ type }) => type !== "call");
  }

  /** Returns the calls that have run since the last call. */
  parts(): readonly AnswerPart[] {
    if (this.#hand === null || this.#isCode) return [];
    const runs = this.#hand.runs.slice(this.#shown);
    this.#shown += runs.length;
    return runs.flatMap((run): readonly AnswerPart[] => [
      { type: "code", text: `${run.name}(${JSON.stringify(run.input)})`, tokens: [], run },
      { type: "output", text: run.output, tokens: [] },
    ]);
  }
}

/** Returns a hand that asks several, and forces what the first of them that forces tokens does. */
function firstHand(hands: readonly Hand[]): Hand {
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
