/**
 * What all answers of the two APIs have in common.
 *
 * @module
 */
import type { AnswerEnd } from "../../stages/answer/generate_answer.ts";
import type { ServedModel } from "./served_model.ts";

/** Fields at the top of an answer, or of each chunk of a stream. */
export interface Envelope {
  readonly id: string;
  readonly object: string;
  readonly created: number;
  readonly model: string;
  readonly system_fingerprint: string;
}

/** Returns the fields of a new answer. `prefix` is that of its id. */
export function envelope({ id, fingerprint }: ServedModel, prefix: string, object: string): Envelope {
  return {
    id: `${prefix}-${crypto.getRandomValues(new Uint8Array(12)).toHex()}`,
    object,
    created: Math.floor(Date.now() / 1000),
    model: id,
    system_fingerprint: fingerprint,
  };
}

/** Counts the tokens of an answer. */
export class Usage {
  readonly #prompt: number;
  #completion = 0;
  #cached = 0;

  /** `prompt` is the number of tokens of all prompts. */
  constructor(prompt: number) {
    this.#prompt = prompt;
  }

  /** Adds a choice. Of several choices of a prompt, the cached tokens of the first count. */
  add({ tokens, reused }: { readonly tokens: number; readonly reused: number }, isFirst: boolean): void {
    this.#completion += tokens;
    if (isFirst) this.#cached += reused;
  }

  /** The numbers in OpenAI's form. */
  get json() {
    return {
      prompt_tokens: this.#prompt,
      completion_tokens: this.#completion,
      total_tokens: this.#prompt + this.#completion,
      prompt_tokens_details: { cached_tokens: this.#cached },
    };
  }
}

/** Returns OpenAI's word for the end of an answer. */
export function finishReason(end: AnswerEnd): "stop" | "length" | "tool_calls" {
  return end === "calls" ? "tool_calls" : end;
}
