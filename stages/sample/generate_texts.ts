/**
 * Several texts written at once: a step of the model gives each its next token. Texts wait until there is room for them;
 * a prompt is read once for all that go on from it.
 *
 * @module
 */
import { uniformAt } from "../../kernels/random/philox.ts";
import { StreamDecoder } from "../token/decode_stream.ts";
import { END_OF_TEXT } from "../token/end_of_text.ts";
import type { Tokenizer } from "../token/tokenizer.ts";
import { checkSamplingOptions, sampleToken, type SamplingOptions } from "./sample_token.ts";
import type { ModelSession } from "../model/model_session.ts";
import { StopStrings } from "./stop_strings.ts";

/** A text to write. */
export interface TextRequest {
  /** What it goes on from; empty: a new document. */
  readonly prompt: string;
  /** Which of several samples it is: the same seed and sample give the same text, whatever is written beside it. */
  readonly sample: number;
}

/** How to write. */
export interface GenerateOptions extends SamplingOptions {
  /** The most tokens to add. */
  readonly maxTokens: number;
  /** Default 0. */
  readonly seed?: number;
  /** Texts end before the first of these strings. */
  readonly stop?: readonly string[];
  /**
   * Tokens that are let go at once where the model's sequence is full. Default 1: each token then sees as many as the
   * model can, as nanoGPT's do, but positions move with every one, so each costs a whole forward pass.
   */
  readonly slide?: number;
  /** Ends all texts at once. */
  readonly signal?: AbortSignal | undefined;
  /** Is told what the model did, and how long it took. */
  onStep?(work: GenerationStep): void;
}

/** What the model did. */
export interface GenerationStep {
  /** Read a prompt, read a token of each of some texts, or read a whole sequence for one token more. */
  readonly kind: "prefill" | "decode" | "slide";
  /** Of the prompt, or so many new ones. */
  readonly tokens: number;
  /** Until their logits were there. */
  readonly seconds: number;
}

/** A piece of one of the texts, by its index, or why it ended. Pieces are never empty, and never half a character. */
export type GenerationEvent =
  | { readonly text: number; readonly piece: string }
  | { readonly text: number; readonly end: "end of text" | "stop" | "length" };

/**
 * Writes texts, as many at once as the model's plan has room for. Throws RangeError for bad options, an empty prompt with
 * a tokenizer that has no end-of-text token, or tokens that the model does not know.
 */
export async function* generateTexts(
  model: ModelSession,
  tokenizer: Tokenizer,
  { texts, ...options }: GenerateOptions & { readonly texts: readonly TextRequest[] },
): AsyncGenerator<GenerationEvent, void, undefined> {
  const { maxTokens, slide = 1, signal } = options, { seqLen } = model.plan.model;
  checkSamplingOptions(options);
  if (!Number.isInteger(maxTokens) || maxTokens < 0) {
    throw new RangeError(`Cannot write ${maxTokens} tokens: wanted a whole number from 0`);
  }
  if (!Number.isInteger(slide) || slide < 1 || slide > seqLen) {
    throw new RangeError(
      `Cannot let go of ${slide} tokens at once: wanted a whole number from 1 to ${seqLen}`,
    );
  }
  const desk = new Desk(model, { slide, onWork: options.onStep?.bind(options) });
  const waiting = texts.map((request, text) => new Text(request, { text, tokenizer, model, options }));
  let active: Text[] = [];
  while (waiting.length > 0 || active.length > 0) {
    signal?.throwIfAborted();
    while (waiting.length > 0 && (desk.free > 0 || maxTokens === 0)) {
      const text = waiting.shift()!;
      if (maxTokens === 0) yield { text: text.text, end: "length" };
      else {
        await desk.begin(text);
        active.push(text);
        signal?.throwIfAborted();
      }
    }
    for (const text of active) {
      yield* text.goOn();
      if (text.ended) desk.leave(text);
    }
    active = active.filter(({ ended }) => !ended);
    await desk.predict(active);
  }
}

/** Throws RangeError for options that `writeTexts` cannot use with a model. */
export function checkGenerateOptions(
  options: GenerateOptions,
  { seqLen }: { readonly seqLen: number },
): void {
  const { maxTokens, slide = 1, stop = [] } = options;
  checkSamplingOptions(options);
  if (!Number.isInteger(maxTokens) || maxTokens < 0) {
    throw new RangeError(`Cannot write ${maxTokens} tokens: wanted a whole number from 0`);
  }
  if (!Number.isInteger(slide) || slide < 1 || slide > seqLen) {
    throw new RangeError(
      `Cannot let go of ${slide} tokens at once (slide): wanted 1 to ${seqLen}, the model's sequence length`,
    );
  }
  new StopStrings(stop);
}

/** First of a text's n tokens that the model is given. */
export function windowStart(
  n: number,
  { seqLen, slide }: { readonly seqLen: number; readonly slide: number },
): number {
  return n <= seqLen ? 0 : Math.ceil((n - seqLen) / slide) * slide;
}

/** A text being written. */
class Text {
  readonly text: number;
  readonly prompt: string;
  readonly ids: number[];
  /** Where its keys and values are. */
  place = -1;
  /** Its token at position 0. */
  start = 0;
  /** Of its next token. */
  logits: Float32Array = new Float32Array(0);
  ended = false;
  readonly #stops: StopStrings;
  readonly #seen: Set<number>;
  readonly #decoder: StreamDecoder;
  readonly #of: { readonly tokenizer: Tokenizer; readonly options: GenerateOptions; readonly known: number };
  readonly #sample: number;
  #written = 0;

  constructor(
    { prompt, sample }: TextRequest,
    { text, tokenizer, model, options }: {
      readonly text: number;
      readonly tokenizer: Tokenizer;
      readonly model: ModelSession;
      readonly options: GenerateOptions;
    },
  ) {
    this.text = text;
    this.prompt = prompt;
    this.ids = [...tokenizer.encodeOrdinary(prompt)];
    if (this.ids.length === 0) {
      const first = tokenizer.special.get(END_OF_TEXT);
      if (first === undefined) {
        throw new RangeError(`Cannot begin without a prompt: the tokenizer has no ${END_OF_TEXT}`);
      }
      this.ids.push(first);
    }
    this.#stops = new StopStrings(options.stop ?? []);
    this.#decoder = new StreamDecoder(tokenizer);
    this.#seen = new Set(this.ids);
    this.#of = { tokenizer, options, known: Math.min(model.plan.model.vocabSize, tokenizer.vocabSize) };
    this.#sample = sample;
  }

  /** Picks its next token, and gives what may be shown. */
  *goOn(): Iterable<GenerationEvent> {
    const { text } = this, { tokenizer, options, known } = this.#of, { seed = 0, maxTokens } = options;
    const draw = uniformAt(seed, `sample.${this.#sample}`, this.#written++);
    const id = sampleToken(this.logits.subarray(0, known), { ...options, draw, seen: this.#seen });
    if (id === tokenizer.special.get(END_OF_TEXT)) return yield* this.#end("end of text");
    this.ids.push(id);
    this.#seen.add(id);
    const piece = this.#stops.push(this.#decoder.push(id));
    if (piece !== "") yield { text, piece };
    if (this.#stops.stopped) yield* this.#end("stop");
    else if (this.#written === maxTokens) yield* this.#end("length");
  }

  *#end(end: Extract<GenerationEvent, { end: unknown }>["end"]): Iterable<GenerationEvent> {
    const { text } = this, piece = this.#stops.rest();
    this.ended = true;
    if (piece !== "") yield { text, piece };
    yield { text, end };
  }
}

/** The places on the device at which texts are written. */
class Desk {
  readonly #model: ModelSession;
  readonly #slide: number;
  readonly #onWork: GenerateOptions["onStep"];
  readonly #free: number[];
  /** By place: the prompt that was read there, and what came next, as long as it is there. */
  readonly #read: (Pick<Text, "prompt" | "logits" | "start"> | undefined)[] = [];

  constructor(
    model: ModelSession,
    { slide, onWork }: { readonly slide: number; readonly onWork: GenerateOptions["onStep"] },
  ) {
    this.#model = model;
    this.#slide = slide;
    this.#onWork = onWork;
    this.#free = Array.from({ length: model.plan.texts }, (_, i) => i);
    if (this.#free.length === 0) throw new RangeError("Cannot sample: the plan has no sampling");
  }

  /** Places for more texts. */
  get free(): number {
    return this.#free.length;
  }

  /** Gives a text a place and the logits of its first token. */
  async begin(text: Text): Promise<void> {
    const holds = (place: number) => this.#read[place]?.prompt === text.prompt;
    const at = Math.max(0, this.#free.findIndex(holds)), [place] = this.#free.splice(at, 1);
    text.place = place;
    const from = this.#read.findIndex((_, i) => holds(i));
    if (from < 0) {
      await this.#prefill(text, "prefill");
      const { prompt, logits, start } = text;
      this.#read[place] = { prompt, logits, start };
      return;
    }
    await this.#model.decoder.copy({ from, to: place });
    this.#read[place] = this.#read[from];
    Object.assign(text, this.#read[from]);
  }

  /** Frees a text's place. */
  leave({ place }: Text): void {
    this.#free.push(place);
  }

  /** Gives texts the logits of their next tokens. */
  async predict(texts: readonly Text[]): Promise<void> {
    const startOf = ({ ids }: Text) =>
      windowStart(ids.length, { seqLen: this.#model.plan.model.seqLen, slide: this.#slide });
    const next = texts.filter((text) => startOf(text) === text.start);
    const began = performance.now();
    const found = await this.#model.decoder.decode(next.map(({ place, ids, start }) => ({
      text: place,
      id: ids[ids.length - 1],
      position: ids.length - 1 - start,
    })));
    next.forEach((text, i) => text.logits = found[i]);
    if (next.length > 0) this.#tell("decode", next.length, began);
    for (const text of texts) {
      if (startOf(text) !== text.start) await this.#prefill(text, "slide");
    }
  }

  async #prefill(text: Text, kind: "prefill" | "slide"): Promise<void> {
    const { ids, place } = text, { seqLen } = this.#model.plan.model, began = performance.now();
    text.start = windowStart(ids.length, { seqLen, slide: this.#slide });
    this.#read[place] = undefined;
    const seen = Uint32Array.from(ids.slice(text.start));
    text.logits = await this.#model.decoder.prefill(seen, { text: place });
    this.#tell(kind, kind === "slide" ? 1 : seen.length, began);
  }

  #tell(kind: GenerationStep["kind"], tokens: number, began: number): void {
    this.#onWork?.({ kind, tokens, seconds: (performance.now() - began) / 1000 });
  }
}
