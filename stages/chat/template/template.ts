/**
 * Chat templates turn conversations into tokens.
 *
 * @module
 */
import type { Conversation } from "../conversation.ts";

/** The tokens of an example, and which of them are trained on. */
export interface Rendered {
  /** Id of the example. */
  readonly id: string;
  /** The token ids. */
  readonly ids: Uint32Array;
  /** For each id, its weight in the loss: 1 for what the assistant writes, 0 for everything else. */
  readonly weights: Float32Array;
}

/** How a family of models writes conversations. */
export interface ChatTemplate {
  /** Name of the template, for messages. */
  readonly name: string;
  /** Source of the Jinja template, which the model's files keep; null for a template of another kind. */
  readonly source: string | null;
  /** Ids that end an answer; generation stops at them. */
  readonly ends: ReadonlySet<number>;
  /**
   * Returns the tokens of a conversation. Throws TypeError for a conversation that the template cannot write,
   * and RangeError if the weights cannot be determined exactly.
   */
  render(conversation: Conversation): Rendered;
  /** Returns the tokens of a conversation alone. Throws TypeError as `render` does. */
  ids(conversation: Conversation): Uint32Array;
  /**
   * How the assistant writes calls of tools: as JSON between tags of text, or as code between special tokens;
   * null if the template has no form for calls.
   */
  readonly calls: "tags" | "code" | null;
  /**
   * Returns the tokens up to the beginning of the next answer. `thinks` asks for an answer with or without
   * thoughts, where the template has such a choice. Throws the errors of `render`.
   */
  prompt(
    conversation: Pick<Conversation, "id" | "messages" | "tools">,
    options?: { readonly thinks?: boolean | undefined },
  ): Uint32Array;
  /**
   * Returns the tokens between the end of an answer that calls tools and the beginning of the next answer:
   * the results of the calls. Throws RangeError if the template has no form for them.
   */
  results(results: readonly CallResult[]): Uint32Array;
}

/** The result of a call of a tool. */
export interface CallResult {
  /** Name of the tool. */
  readonly name: string;
  /** The result, or the error. */
  readonly content: string;
}
