/**
 * Generates the tokens of texts that are asked for at any time: each step of the model computes the next
 * token of every text in flight. Texts wait for a free slot of the KV cache, and a text that has ended leaves
 * its cache for the next turn.
 *
 * @module
 */
import type { ModelSession } from "../model/model_session.ts";
import { scoredLength } from "../model/decode_plan.ts";
import { PromptCaches } from "./prompt_caches.ts";
import { checkSamplingOptions } from "./sample_token.ts";
import {
  type GeneratedToken,
  type GenerateTokensOptions,
  type TextEnd,
  type TokenRequest,
  TokenText,
} from "./token_text.ts";

/** The beginning of a text, one of its tokens, or its end. */
export type TokenEvent =
  | {
    /** Number of the prompt's tokens whose keys and values were kept from an earlier text. */
    readonly reused: number;
  }
  | {
    /** One of the tokens that the request wants scored. */
    readonly scored: GeneratedToken;
  }
  | GeneratedToken
  | { readonly end: TextEnd };

/** Most tokens of prompts that are read between two steps of the other texts. */
const READ_TOKENS = 512;

/**
 * Most tokens that are read one at a time after a choice, each with the next tokens of the other texts.
 * Longer results of tools are read at once, which holds up the other texts.
 */
const READ_SINGLY = 12;

/** Milliseconds after which timers and sockets get a turn, where the engine runs on the calling thread. */
const TURN = 50;

/** A text in flight. */
interface Flight {
  readonly text: TokenText;
  readonly signal: AbortSignal | undefined;
  readonly events: TokenEvent[];
  /** Wakes the reader. */
  wake: () => void;
  /** Set once the text has ended: its error, or null. */
  outcome: { readonly error: unknown } | null;
  slot: number;
  logits: Float32Array;
  /** Tokens that must be read before the next can be chosen. */
  unread: Uint32Array;
}

/** Generates texts. The decoder of the model must have no other user meanwhile. */
export class TokenGenerator {
  readonly #model: ModelSession;
  readonly #caches: PromptCaches;
  #waiting: Flight[] = [];
  #reading: Flight | null = null;
  #active: Flight[] = [];
  #isDriven = false;

  /** Throws RangeError for a plan without sampling. */
  constructor(model: ModelSession) {
    this.#model = model;
    this.#caches = new PromptCaches(model);
  }

  /** Number of texts that are generated or wait. */
  get texts(): { readonly active: number; readonly waiting: number } {
    const active = this.#active.length + Number(this.#reading !== null);
    return { active, waiting: this.#waiting.length };
  }

  /** Forgets the caches of texts that have ended. */
  clear(): void {
    this.#caches.clear();
  }

  /**
   * Generates a text. Its tokens do not depend on what else is generated. Stopping to read, and the signal,
   * end the text and free its place within a step. Throws RangeError for an empty prompt and for options that
   * `checkSamplingOptions` rejects; a prompt without room for a token ends at once.
   */
  async *generate(
    request: TokenRequest,
    options: GenerateTokensOptions,
  ): AsyncGenerator<TokenEvent, void, undefined> {
    const flight = this.#begin(request, options);
    try {
      for (let at = 0;; at++) {
        while (at === flight.events.length && flight.outcome === null) {
          await new Promise<void>((resolve) => flight.wake = resolve);
        }
        if (at < flight.events.length) yield flight.events[at];
        else if (flight.outcome !== null && flight.outcome.error !== null) throw flight.outcome.error;
        else return;
      }
    } finally {
      flight.outcome ??= { error: null };
    }
  }

  /**
   * Generates several texts. Returns the events of each. Throws the errors of `generate`; the other texts end
   * then too.
   */
  async generateAll(
    requests: readonly TokenRequest[],
    options: GenerateTokensOptions,
  ): Promise<readonly (readonly TokenEvent[])[]> {
    const stop = new AbortController();
    const signal = options.signal === undefined
      ? stop.signal
      : AbortSignal.any([options.signal, stop.signal]);
    const all = requests.map((request) => Array.fromAsync(this.generate(request, { ...options, signal })));
    try {
      return await Promise.all(all);
    } catch (error) {
      stop.abort(error);
      await Promise.allSettled(all);
      throw error;
    }
  }

  #begin(request: TokenRequest, options: GenerateTokensOptions): Flight {
    checkSamplingOptions(options);
    if (request.prompt.length === 0) {
      throw new RangeError("Cannot predict from no tokens: give at least one");
    }
    options.signal?.throwIfAborted();
    const flight: Flight = {
      text: new TokenText(request, options, this.#model.plan.cacheLength),
      signal: options.signal,
      events: [],
      wake: () => {},
      outcome: null,
      slot: -1,
      logits: new Float32Array(0),
      unread: request.prompt,
    };
    if (flight.text.room < 1) this.#end(flight, "length");
    else {
      this.#waiting.push(flight);
      if (!this.#isDriven) {
        this.#isDriven = true;
        queueMicrotask(() => this.#drive());
      }
    }
    return flight;
  }

  async #drive(): Promise<void> {
    let turned = performance.now();
    try {
      while (this.#isNeeded()) {
        await this.#readPrompts();
        await this.#step();
        if (performance.now() - turned < TURN) continue;
        await new Promise((resolve) => setTimeout(resolve));
        turned = performance.now();
      }
    } catch (error) {
      for (const flight of this.#flights()) {
        flight.outcome ??= { error };
        flight.wake();
      }
      this.#isNeeded();
    } finally {
      this.#isDriven = false;
    }
  }

  /** Removes the texts that have ended or were aborted. Returns whether any is left. */
  #isNeeded(): boolean {
    for (const flight of this.#flights()) {
      if (flight.outcome === null && flight.signal?.aborted) {
        flight.outcome = { error: flight.signal.reason };
        flight.wake();
      }
      if (flight.outcome !== null && flight.slot >= 0) this.#caches.release(flight.slot);
    }
    const isLeft = ({ outcome }: Flight) => outcome === null;
    this.#waiting = this.#waiting.filter(isLeft);
    this.#active = this.#active.filter(isLeft);
    if (this.#reading !== null && !isLeft(this.#reading)) this.#reading = null;
    return this.#flights().length > 0;
  }

  #flights(): readonly Flight[] {
    return [...this.#active, ...(this.#reading === null ? [] : [this.#reading]), ...this.#waiting];
  }

  /** Reads prompts in the order of their arrival, at most `READ_TOKENS` tokens between two steps. */
  async #readPrompts(): Promise<void> {
    for (let left = READ_TOKENS; left > 0;) {
      if (this.#reading === null) {
        if (this.#waiting.length === 0 || this.#caches.free === 0) return;
        await this.#start(this.#waiting.shift()!);
        continue;
      }
      const flight = this.#reading;
      if (flight.unread.length > 0) {
        const part = flight.unread.subarray(0, left);
        flight.logits = await this.#caches.readPrompt(flight.slot, part);
        flight.unread = flight.unread.subarray(part.length);
        left -= part.length;
      } else left -= await this.#readScored(flight);
      if (flight.outcome !== null) return;
      if (flight.unread.length === 0 && flight.text.unscored.length === 0) this.#activate(flight);
    }
  }

  /** Scores the next tokens that follow a prompt, and reads them. Returns their number. */
  async #readScored(flight: Flight): Promise<number> {
    const { text } = flight, part = text.unscored.subarray(0, scoredLength(this.#model.plan.cacheLength));
    const score = (logits: Float32Array) => this.#emit(flight, { scored: text.score(logits) });
    score(flight.logits);
    if (text.room <= 0) {
      this.#end(flight, "length");
      return 1;
    }
    const logits = await this.#caches.readScored(flight.slot, part);
    for (const each of logits.slice(0, -1)) score(each);
    flight.logits = logits[logits.length - 1].slice();
    if (text.room <= 0) this.#end(flight, "length");
    return part.length;
  }

  async #start(flight: Flight): Promise<void> {
    this.#reading = flight;
    const { slot, reused, logits } = await this.#caches.start(flight.text.request.prompt);
    flight.slot = slot;
    flight.unread = flight.unread.subarray(reused);
    this.#emit(flight, { reused });
    if (logits === null) return;
    flight.logits = logits;
    if (flight.text.unscored.length === 0) this.#activate(flight);
  }

  #activate(flight: Flight): void {
    this.#active.push(flight);
    this.#reading = null;
  }

  /** Adds a token to each active text, or reads the next of those that were forced. */
  async #step(): Promise<void> {
    const ready = this.#active.filter(({ unread }) => unread.length === 0);
    await Promise.all(ready.map((flight) => this.#choose(flight)));
    const going = this.#active.filter(({ outcome }) => outcome === null);
    for (const flight of going) {
      if (flight.unread.length > READ_SINGLY) {
        flight.logits = await this.#caches.readGenerated(flight.slot, flight.unread);
        flight.unread = new Uint32Array(0);
      }
    }
    const single = going.filter(({ unread }) => unread.length > 0);
    const logits = await this.#caches.readEach(single.map(({ slot, unread }) => ({ slot, id: unread[0] })));
    single.forEach((flight, i) => {
      flight.logits = logits[i];
      flight.unread = flight.unread.subarray(1);
    });
  }

  /** Chooses the next token of a text. An error of its hand ends this text alone. */
  async #choose(flight: Flight): Promise<void> {
    if (flight.outcome !== null) return;
    const { text } = flight;
    try {
      const token = text.choose(flight.logits);
      this.#emit(flight, token);
      const forced = text.room > 0 ? await text.force(token.id) : [];
      if (forced === null) return this.#end(flight, "length");
      for (const each of forced) this.#emit(flight, each);
      if (text.isEnd(forced.at(-1)?.id ?? token.id)) return this.#end(flight, "end");
      if (text.room <= 0) return this.#end(flight, "length");
      flight.unread = Uint32Array.of(token.id, ...forced.map(({ id }) => id));
    } catch (error) {
      flight.outcome ??= { error };
      flight.wake();
    }
  }

  #emit(flight: Flight, event: TokenEvent): void {
    flight.events.push(event);
    flight.wake();
  }

  #end(flight: Flight, end: TextEnd): void {
    this.#emit(flight, { end });
    flight.outcome ??= { error: null };
  }
}
