/**
 * The KV caches of texts, which are kept after a text has ended: the next turn of a conversation, or any
 * prompt that begins like a kept text, is read only from where the two part.
 *
 * @module
 */
import type { ModelSession } from "../model/model_session.ts";

/** A text's place in the KV cache, and what of its prompt the cache already had. */
export interface StartedText {
  /** Index of the slot that the text now owns. */
  readonly slot: number;
  /** Number of the prompt's tokens that were in a cache. */
  readonly reused: number;
  /** Logits of the token after the prompt, if the cache was that of the same prompt; else null. */
  readonly logits: Float32Array | null;
}

/** One text's part of the KV cache. */
interface Slot {
  /** The tokens whose keys and values are stored, from position 0 on. */
  ids: number[];
  /** The prompt, as far as it has been read: its length, and the logits after it. */
  prompt: { readonly length: number; readonly logits: Float32Array } | null;
  isBusy: boolean;
  /** Counts up with each use; the least recently used slot is overwritten first. */
  used: number;
}

/** Copying a cache costs as much as reading about this many tokens, or this share of the longest text. */
const COPY_TOKENS = 16, COPY_SHARE = 1 / 64;

/**
 * The slots of a model's KV cache, which has the memory of the plan's `texts` and no more: a new text
 * overwrites the slot that has been unused for longest. An update of the model clears all slots.
 *
 * On the CPU engine a kept cache changes no bit: logits do not depend on how a text is divided into reads.
 * With quantised weights this holds for prompts alone, because products of few rows, which generate tokens,
 * round otherwise than those of many rows: there, generated tokens are not kept, and read again with the next
 * turn. The same holds where processes share the work: each has the generated tokens of its own texts alone.
 * On WebGPU logits may differ by rounding.
 */
export class PromptCaches {
  readonly #model: ModelSession;
  readonly #slots: readonly Slot[];
  readonly #keepsGenerated: boolean;
  #clock = 0;
  #updates: number;

  /** The decoder of the model must have no other user. Throws RangeError for a plan without sampling. */
  constructor(model: ModelSession) {
    const { texts, quantized } = model.plan;
    this.#model = model;
    this.#updates = model.updates;
    this.#keepsGenerated = (quantized === undefined || quantized.size === 0) && !model.decoder.deals;
    this.#slots = Array.from({ length: texts }, () => emptySlot());
    if (this.#slots.length === 0) throw new RangeError("Cannot generate text: the plan has no sampling");
  }

  /** Number of slots that no text owns. */
  get free(): number {
    return this.#slots.filter(({ isBusy }) => !isBusy).length;
  }

  /**
   * Gives a text the slot with the longest beginning of its prompt, or a copy of it. The rest of the prompt
   * must be read then. Throws RangeError if no slot is free.
   */
  async start(prompt: Uint32Array): Promise<StartedText> {
    if (this.#model.updates !== this.#updates) this.clear();
    const found = this.#slots.map((slot) => ({ slot, reused: this.#reusable(slot, prompt) }));
    const oldestFirst = found.filter(({ slot }) => !slot.isBusy).sort((a, b) => a.slot.used - b.slot.used);
    if (oldestFirst.length === 0) throw new RangeError("Cannot start a text: all slots are in use");
    const best = found.reduce((a, b) =>
      b.reused > a.reused || b.reused === a.reused && a.slot.isBusy ? b : a
    );
    // A kept text that goes on differently is overwritten only if the prompt has most of it.
    const isContinued = !best.slot.isBusy && 2 * best.reused >= best.slot.ids.length;
    const own = isContinued ? best.slot : oldestFirst[0].slot, { slot, reused } = best;
    // With the logits after the whole prompt, the model need not run at all.
    const isWhole = reused === prompt.length && slot.prompt?.length === reused;
    const copies = own !== slot &&
      (isWhole || reused >= Math.max(COPY_TOKENS, COPY_SHARE * this.#model.plan.cacheLength));
    const kept = own === slot || copies ? reused : this.#reusable(own, prompt);
    const at = copies ? slot.prompt : own.prompt;
    Object.assign(own, emptySlot());
    if (copies) {
      await this.#model.decoder.copy({ from: this.#slots.indexOf(slot), to: this.#slots.indexOf(own) });
    }
    const logits = kept === prompt.length && at !== null ? at.logits : null;
    Object.assign(own, {
      ids: Array.from(prompt.subarray(0, kept)),
      prompt: logits === null ? null : at,
      isBusy: true,
      used: ++this.#clock,
    });
    return { slot: this.#slots.indexOf(own), reused: kept, logits };
  }

  /** Reads the next tokens of a prompt. Returns the logits of the token after them, which the slot keeps. */
  async readPrompt(slot: number, ids: Uint32Array): Promise<Float32Array> {
    const logits = await this.#read(slot, ids, !this.#keepsGenerated), own = this.#slots[slot];
    own.prompt = { length: own.ids.length, logits };
    return logits;
  }

  /**
   * Reads the next tokens of a prompt, at most `scoredLength` of them. Returns the logits after each, of
   * which the slot keeps the last ones.
   */
  async readScored(slot: number, ids: Uint32Array): Promise<readonly Float32Array[]> {
    const own = this.#slots[slot];
    const all = await this.#model.decoder.prefillScores(ids, { text: slot, from: own.ids.length });
    for (const id of ids) own.ids.push(id);
    own.prompt = { length: own.ids.length, logits: all[all.length - 1].slice() };
    return all;
  }

  /** Reads several tokens that were generated. Returns the logits of the token after them. */
  readGenerated(slot: number, ids: Uint32Array): Promise<Float32Array> {
    return this.#read(slot, ids);
  }

  /** Reads one token of each of several texts. Returns the logits of the tokens after them. */
  async readEach(
    tokens: readonly { readonly slot: number; readonly id: number }[],
  ): Promise<readonly Float32Array[]> {
    const logits = await this.#model.decoder.decode(
      tokens.map(({ slot, id }) => ({ text: slot, id, position: this.#slots[slot].ids.length })),
    );
    for (const { slot, id } of tokens) this.#slots[slot].ids.push(id);
    return logits;
  }

  async #read(slot: number, ids: Uint32Array, prefills = false): Promise<Float32Array> {
    const own = this.#slots[slot], from = own.ids.length, { decoder } = this.#model;
    const logits = ids.length === 1 && !prefills
      ? (await decoder.decode([{ text: slot, id: ids[0], position: from }]))[0].slice()
      : (await decoder.prefill(ids, { text: slot, from })).slice();
    for (const id of ids) own.ids.push(id);
    return logits;
  }

  /** Takes a slot back from its text. What it has read is kept until another text needs the slot. */
  release(slot: number): void {
    this.#slots[slot].isBusy = false;
    this.#slots[slot].used = ++this.#clock;
  }

  /** Forgets all kept texts, as after a change of the weights. Slots that texts own stay theirs. */
  clear(): void {
    this.#updates = this.#model.updates;
    for (const slot of this.#slots) Object.assign(slot, { prompt: null, ...(!slot.isBusy && { ids: [] }) });
  }

  /** Returns how many tokens of a prompt a slot has; the last one counts only if its logits are kept. */
  #reusable({ ids, prompt: last }: Slot, prompt: Uint32Array): number {
    const most = Math.min(prompt.length, this.#keepsGenerated ? ids.length : last?.length ?? 0);
    let n = 0;
    while (n < most && ids[n] === prompt[n]) n++;
    return n < prompt.length || last?.length === n ? n : n - 1;
  }
}

function emptySlot(): Slot {
  return { ids: [], prompt: null, isBusy: false, used: 0 };
}
