/**
 * How fast a model read and wrote.
 *
 * @module
 */

import type { GenerationStep } from "../../stages/sample/generate_texts.ts";

const words: Readonly<Record<GenerationStep["kind"], string>> = {
  prefill: "prefill",
  decode: "decode",
  slide: "beyond the model's sequence",
};

/** Adds up work and tells of it in a line. */
export class GenerationSpeed {
  readonly #kinds = new Map<GenerationStep["kind"], { tokens: number; seconds: number }>();

  /** Some more of one kind. */
  add({ kind, tokens, seconds }: GenerationStep): void {
    const before = this.#kinds.get(kind) ?? { tokens: 0, seconds: 0 };
    this.#kinds.set(kind, { tokens: before.tokens + tokens, seconds: before.seconds + seconds });
  }

  /** "prefill 5 tokens, 60.1 tokens/s; decode 199 tokens, 17.9 tokens/s"; null where nothing was done. */
  line(): string | null {
    const parts = [...this.#kinds].map(([kind, { tokens, seconds }]) =>
      `${words[kind]} ${tokens} ${tokens === 1 ? "token" : "tokens"}, ${
        (tokens / seconds).toFixed(1)
      } tokens/s${kind === "slide" ? " (--slide N is faster)" : ""}`
    );
    return parts.length === 0 ? null : parts.join("; ");
  }
}
