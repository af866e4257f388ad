/**
 * Runs the calls that a model writes as text in a message, and gives it the results as messages, in the form
 * of its chat template.
 *
 * @module
 */
import type { ChatTemplate } from "../chat/template/template.ts";
import { encodableText } from "../token/encodable.ts";
import type { Tokenizer } from "../token/tokenizer.ts";
import { callsIn, type WrittenCall } from "./call_text.ts";
import type { Tool } from "./tool.ts";
import { ToolCalls } from "./tool_calls.ts";

/** How calls are handled. */
export interface MessageHandOptions {
  readonly tokenizer: Tokenizer;
  /** Template whose `results` writes the messages. */
  readonly template: Pick<ChatTemplate, "ends" | "results">;
  readonly tools: readonly Tool[];
  /** Largest number of calls in one answer. Default 4. */
  readonly maxCalls?: number;
}

/** Watches one answer, which consists of several messages if it calls tools. */
export class MessageHand extends ToolCalls {
  readonly #options: MessageHandOptions;
  #message: number[] = [];

  /** Makes a hand for one answer. */
  constructor(options: MessageHandOptions) {
    super(options.tools, options.maxCalls);
    this.#options = options;
  }

  /** Returns the messages with results after the end of a message with calls; nothing after other tokens. */
  async after(id: number): Promise<readonly number[]> {
    const { tokenizer, template } = this.#options;
    if (!template.ends.has(id)) {
      this.#message.push(id);
      return [];
    }
    const { calls } = callsIn(tokenizer.decode(this.#message));
    this.#message = [];
    if (calls.length === 0) return [];
    const results: { name: string; content: string }[] = [];
    for (const call of calls) {
      const content = encodableText(tokenizer, await this.call(call.name, this.#inputOf(call)));
      results.push({ name: call.name, content });
    }
    return [...template.results(results)];
  }

  /** The argument of a call: that of the tool's name, the only one, or else all of them as JSON. */
  #inputOf({ name, arguments: given }: WrittenCall): string {
    let value = given;
    if (typeof given === "object" && given !== null) {
      const entries = Object.entries(given);
      const tool = this.#options.tools.find((each) => each.name === name);
      const own = entries.find(([key]) => key === tool?.argument) ??
        (entries.length === 1 ? entries[0] : null);
      value = own === null ? given : own[1];
    }
    return typeof value === "string" ? value : JSON.stringify(value) ?? "";
  }
}
