/**
 * Predicts the next tokens of texts that share the model's KV cache. If several texts start with the same
 * prompt, the model reads the prompt only for the first text; the others get a copy of its part of the cache.
 *
 * @module
 */
import type { ModelSession } from "../model/model_session.ts";
import type { GeneratedText } from "./generated_text.ts";

/** One step of the model while it generates texts. */
export interface GenerationStep {
  /**
   * `prefill` read a prompt, `decode` read one token of each of several texts, and `slide` read a whole
   * sequence again because its first tokens were dropped.
   */
  readonly kind: "prefill" | "decode" | "slide";
  /** Number of tokens of the prompt, or number of tokens generated. */
  readonly tokens: number;
  /** Seconds until the logits were available. */
  readonly seconds: number;
}

/**
 * Returns the index of the first of a text's `n` tokens that the model still sees, if `slide` tokens are
 * dropped at a time.
 */
export function windowStart(
  n: number,
  { seqLen, slide }: { readonly seqLen: number; readonly slide: number },
): number {
  return n <= seqLen ? 0 : Math.ceil((n - seqLen) / slide) * slide;
}

/** The slots of the model's KV cache. A slot holds one text. */
export class CacheSlots {
  readonly #model: ModelSession;
  readonly #slide: number;
  readonly #onStep: ((step: GenerationStep) => void) | undefined;
  readonly #free: number[];
  /**
   * For each slot, the prompt that its cache begins with and the logits after the prompt; undefined once a
   * slide has overwritten the prompt.
   */
  readonly #prompts: (Pick<GeneratedText, "prompt" | "logits" | "start"> | undefined)[] = [];

  /**
   * `slide` is the number of tokens dropped at once from a full sequence. Throws RangeError for a plan
   * without sampling.
   */
  constructor(
    model: ModelSession,
    { slide, onStep }: {
      readonly slide: number;
      readonly onStep?: ((step: GenerationStep) => void) | undefined;
    },
  ) {
    this.#model = model;
    this.#slide = slide;
    this.#onStep = onStep;
    this.#free = Array.from({ length: model.plan.texts }, (_, i) => i);
    if (this.#free.length === 0) throw new RangeError("Cannot generate text: the plan has no sampling");
  }

  /** Number of free slots. */
  get free(): number {
    return this.#free.length;
  }

  /** Assigns a slot to a text and sets the logits of its first token. */
  async start(text: GeneratedText): Promise<void> {
    const holdsPrompt = (slot: number) => this.#prompts[slot]?.prompt === text.prompt;
    const at = Math.max(0, this.#free.findIndex(holdsPrompt)), [slot] = this.#free.splice(at, 1);
    text.slot = slot;
    const from = this.#prompts.findIndex((_, i) => holdsPrompt(i));
    if (from < 0) {
      await this.#prefill(text, "prefill");
      const { prompt, logits, start } = text;
      this.#prompts[slot] = { prompt, logits, start };
      return;
    }
    await this.#model.decoder.copy({ from, to: slot });
    this.#prompts[slot] = this.#prompts[from];
    Object.assign(text, this.#prompts[from]);
  }

  /** Frees a text's slot. */
  release({ slot }: GeneratedText): void {
    this.#free.push(slot);
  }

  /** Sets the logits of the next token of each text. */
  async predict(texts: readonly GeneratedText[]): Promise<void> {
    const startOf = ({ ids }: GeneratedText) =>
      windowStart(ids.length, { seqLen: this.#model.plan.cacheLength, slide: this.#slide });
    const decoded = texts.filter((text) => startOf(text) === text.start);
    const began = performance.now();
    const logits = await this.#model.decoder.decode(decoded.map(({ slot, ids, start }) => ({
      text: slot,
      id: ids[ids.length - 1],
      position: ids.length - 1 - start,
    })));
    decoded.forEach((text, i) => text.logits = logits[i]);
    if (decoded.length > 0) this.#report("decode", decoded.length, began);
    for (const text of texts) {
      if (startOf(text) !== text.start) await this.#prefill(text, "slide");
    }
  }

  async #prefill(text: GeneratedText, kind: "prefill" | "slide"): Promise<void> {
    const { ids, slot } = text, { cacheLength: seqLen } = this.#model.plan, began = performance.now();
    text.start = windowStart(ids.length, { seqLen, slide: this.#slide });
    this.#prompts[slot] = undefined;
    const window = Uint32Array.from(ids.slice(text.start));
    text.logits = await this.#model.decoder.prefill(window, { text: slot });
    this.#report(kind, kind === "slide" ? 1 : window.length, began);
  }

  #report(kind: GenerationStep["kind"], tokens: number, began: number): void {
    this.#onStep?.({ kind, tokens, seconds: (performance.now() - began) / 1000 });
  }
}
