/**
 * Conversations between a user and an assistant, as all stages of post-training exchange them.
 *
 * @module
 */
import type { MetadataValue } from "../items.ts";

/** Who wrote a message. A `tool` message is the result of a call. */
export type Role = "system" | "user" | "assistant" | "tool";

/** A call of a tool, as OpenAI's and Hugging Face's messages have it. */
export interface ToolCall {
  /** Name of the tool. */
  readonly name: string;
  /** Arguments: an object, or the text of one. */
  readonly arguments: MetadataValue;
  /** Id that the result of the call refers to. */
  readonly id?: string;
}

/** Part of an assistant's message: text, code that it runs, or what the code printed. */
export interface Part {
  /** What the part is. The output of code is not written by the assistant. */
  readonly type: "text" | "python" | "python_output";
  /** The part's text. */
  readonly text: string;
}

/** One message of a conversation. */
export interface Message {
  /** Who wrote the message. */
  readonly role: Role;
  /** The text, or the parts that it consists of. */
  readonly content: string | readonly Part[];
  /** The thoughts that precede the content, if the record keeps them apart. */
  readonly reasoning?: string;
  /** Calls that the assistant makes after the content. */
  readonly toolCalls?: readonly ToolCall[];
  /** Name of the tool, or of the person. */
  readonly name?: string;
  /** Id of the call that a tool's message answers. */
  readonly toolCallId?: string;
  /** 0 for an assistant's message that is not trained on. Default 1. */
  readonly weight?: 0 | 1;
}

/** A conversation. */
export interface Conversation {
  /** Id of the record. */
  readonly id: string;
  /** The messages, at least one. */
  readonly messages: readonly Message[];
  /** JSON schemas of the tools that the assistant may call. */
  readonly tools?: readonly MetadataValue[];
  /**
   * Index of the first message that belongs to the completion, if the record says which part is the prompt:
   * only what follows the prompt is trained on. Absent: all messages of the assistant are.
   */
  readonly completion?: number;
}

/** A prompt and its continuation as plain text, without a chat template. */
export interface Continuation {
  /** Id of the record. */
  readonly id: string;
  /** Text that is not trained on; may be empty. */
  readonly prompt: string;
  /** Text that follows the prompt. */
  readonly completion: string;
}

/** An example to train on. */
export type Example = Conversation | Continuation;

/** Two answers to one prompt, of which the first is better. */
export interface Preference {
  /** The better example. */
  readonly chosen: Example;
  /** The worse example, with the same prompt. */
  readonly rejected: Example;
}

/** Returns whether an example is a conversation. */
export function isConversation(example: Example): example is Conversation {
  return "messages" in example;
}

/** Returns the text of a message: its parts joined. */
export function contentText({ content }: Pick<Message, "content">): string {
  return typeof content === "string" ? content : content.map(({ text }) => text).join("");
}
