/**
 * Runs the code that a model writes between two special tokens, and gives it the output between two others:
 * nanochat's protocol. The same state machine serves rollouts and chat.
 *
 * @module
 */
import type { Tokenizer } from "../token/tokenizer.ts";
import { resultText, type Tool } from "./tool.ts";

/** Ids of the tokens around code and output. */
export interface CodeTokens {
  readonly python: readonly [start: number, end: number];
  readonly output: readonly [start: number, end: number];
}

/** How calls are handled. */
export interface CodeHandOptions {
  readonly tokenizer: Tokenizer;
  readonly tokens: CodeTokens;
  /** The tools, which are tried in order until one understands the code. */
  readonly tools: readonly Tool[];
  /** Largest number of calls in one answer. Default 4. */
  readonly maxCalls?: number;
}

/** Watches one answer. */
export class CodeHand {
  readonly #options: CodeHandOptions;
  #code: number[] | null = null;
  /** Number of calls so far. */
  calls = 0;
  /** Number of calls that failed. */
  failures = 0;

  /** Makes a hand for one answer. */
  constructor(options: CodeHandOptions) {
    this.#options = options;
  }

  /** Returns the output of the code that ends with this token; nothing after all other tokens. */
  async after(id: number): Promise<readonly number[]> {
    const { tokenizer, tokens: { python, output }, tools, maxCalls = 4 } = this.#options;
    if (id === python[0]) {
      this.#code = [];
      return [];
    }
    if (this.#code === null) return [];
    if (id !== python[1]) {
      this.#code.push(id);
      return [];
    }
    const code = tokenizer.decode(this.#code);
    this.#code = null;
    if (++this.calls > maxCalls || tools.length === 0) return [];
    let result = await tools[0].run(code);
    for (const tool of tools.slice(1)) if ("error" in result) result = await tool.run(code);
    if ("error" in result) this.failures++;
    return [output[0], ...encodable(tokenizer, resultText(result)), output[1]];
  }
}

/** Encodes a text; characters that the tokenizer lacks are left out. */
function encodable(tokenizer: Tokenizer, text: string): Iterable<number> {
  try {
    return tokenizer.encodeOrdinary(text);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    return [...text].flatMap((character) => {
      try {
        return [...tokenizer.encodeOrdinary(character)];
      } catch {
        return [];
      }
    });
  }
}
