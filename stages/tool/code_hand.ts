/**
 * Runs the code that a model writes between two special tokens, and gives it the output between two others:
 * nanochat's protocol.
 *
 * @module
 */
import { encodable } from "../token/encodable.ts";
import type { Tokenizer } from "../token/tokenizer.ts";
import type { Tool } from "./tool.ts";
import { ToolCalls } from "./tool_calls.ts";

/** Ids of the tokens around code and output. */
export interface CodeTokens {
  readonly python: readonly [start: number, end: number];
  readonly output: readonly [start: number, end: number];
}

/** How calls are handled. */
export interface CodeHandOptions {
  readonly tokenizer: Tokenizer;
  readonly tokens: CodeTokens;
  /** The tools; see `ToolCalls.runCode`. */
  readonly tools: readonly Tool[];
  /** Largest number of calls in one answer. Default 4. */
  readonly maxCalls?: number;
}

/** Watches one answer. */
export class CodeHand extends ToolCalls {
  readonly #options: CodeHandOptions;
  #code: number[] | null = null;

  /** Makes a hand for one answer. */
  constructor(options: CodeHandOptions) {
    super(options.tools, options.maxCalls);
    this.#options = options;
  }

  /** Returns the output of the code that ends with this token; nothing after all other tokens. */
  async after(id: number): Promise<readonly number[]> {
    const { tokenizer, tokens: { python, output } } = this.#options;
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
    return [output[0], ...encodable(tokenizer, await this.runCode(code)), output[1]];
  }
}
