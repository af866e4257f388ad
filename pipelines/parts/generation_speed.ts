/**
 * Measures how fast a model reads prompts and generates text.
 *
 * @module
 */

import type { GenerationStep } from "../../stages/sample/cache_slots.ts";

const labels: Readonly<Record<GenerationStep["kind"], string>> = {
  prefill: "prefill",
  decode: "decode",
  slide: "beyond the model's sequence length",
};

/** Sums tokens and seconds for each kind of work, and reports them in one line. */
export class GenerationSpeed {
  readonly #kinds = new Map<GenerationStep["kind"], { tokens: number; seconds: number }>();

  /** Adds one piece of work. */
  add({ kind, tokens, seconds }: GenerationStep): void {
    const before = this.#kinds.get(kind) ?? { tokens: 0, seconds: 0 };
    this.#kinds.set(kind, { tokens: before.tokens + tokens, seconds: before.seconds + seconds });
  }

  /**
   * Returns the speeds, for example "prefill 5 tokens, 60.1 tokens/s; decode 199 tokens, 17.9 tokens/s".
   * Returns null if nothing was measured.
   */
  line(): string | null {
    const parts = [...this.#kinds].map(([kind, { tokens, seconds }]) =>
      `${labels[kind]} ${tokens} ${tokens === 1 ? "token" : "tokens"}, ${
        (tokens / seconds).toFixed(1)
      } tokens/s${kind === "slide" ? " (--slide N is faster)" : ""}`
    );
    return parts.length === 0 ? null : parts.join("; ");
  }
}
