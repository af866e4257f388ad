/**
 * One text while it is generated: samples its tokens, and holds back text that may be the beginning of a stop
 * string.
 *
 * @module
 */
import { uniformAt } from "../../kernels/random/philox.ts";
import { StreamDecoder } from "../token/decode_stream.ts";
import { textEnds } from "../token/end_of_text.ts";
import type { SpecialOptions } from "../token/special.ts";
import type { Tokenizer } from "../token/tokenizer.ts";
import { promptIds } from "./prompt_ids.ts";
import { sampleToken, type SamplingOptions } from "./sample_token.ts";
import { StopStrings } from "./stop_strings.ts";

/** A text to generate. */
export interface TextRequest {
  /** Text to continue; empty: the text starts a new document. */
  readonly prompt: string;
  /**
   * Index of the sample. The same options, prompt, seed and index give the same text, whichever other texts
   * are generated at the same time.
   */
  readonly sample: number;
}

/** Options that all texts have in common. */
export interface GeneratedTextOptions extends SamplingOptions {
  /** Maximum number of tokens to generate. */
  readonly maxTokens: number;
  /** Seed of the random numbers; default 0. */
  readonly seed?: number;
  /** Strings that end a text; the text does not include them. */
  readonly stop?: readonly string[];
  /**
   * How prompts are encoded (default `{ allowedSpecial: "all", addSpecialTokens: true }`): texts of special
   * tokens in them, such as `<|endoftext|>`, are these tokens, and the tokens that the tokenizer's file puts
   * around a text are added.
   */
  readonly prompts?: SpecialOptions;
}

/**
 * A piece of one of the texts, or the reason why the text ended. Pieces are not empty and consist of whole
 * characters.
 */
export type GenerationEvent =
  | { readonly text: number; readonly piece: string }
  | { readonly text: number; readonly end: "end of text" | "stop" | "length" };

/** A text and the state of its generation. */
export class GeneratedText {
  /** Index of the text among those requested. */
  readonly index: number;
  /** The text's prompt. */
  readonly prompt: string;
  /** Token ids of the prompt and of the text so far. */
  readonly ids: number[];
  /** Slot of the KV cache; -1 if the text has no slot yet. */
  slot = -1;
  /** Index in `ids` of the token at the model's position 0. */
  start = 0;
  /** Logits of the next token. */
  logits: Float32Array = new Float32Array(0);
  /** Whether the text has ended. */
  ended = false;
  readonly #stops: StopStrings;
  readonly #seen: Set<number>;
  readonly #decoder: StreamDecoder;
  readonly #options: GeneratedTextOptions;
  readonly #sample: number;
  readonly #ends: ReadonlySet<number>;
  /** Number of ids to sample from; higher ids only pad the vocabulary. */
  readonly #vocabSize: number;
  #generated = 0;

  /** Throws the errors of `promptIds`. */
  constructor(
    { prompt, sample }: TextRequest,
    { index, tokenizer, vocabSize, options }: {
      readonly index: number;
      readonly tokenizer: Tokenizer;
      /** The model's vocabulary size. */
      readonly vocabSize: number;
      readonly options: GeneratedTextOptions;
    },
  ) {
    this.index = index;
    this.prompt = prompt;
    this.ids = promptIds(tokenizer, prompt, options.prompts);
    this.#ends = textEnds(tokenizer);
    this.#stops = new StopStrings(options.stop ?? []);
    const after = this.ids.filter((id) => !tokenizer.isSpecialToken(id));
    this.#decoder = new StreamDecoder(tokenizer, { after });
    this.#seen = new Set(this.ids);
    this.#options = options;
    this.#sample = sample;
    this.#vocabSize = Math.min(vocabSize, tokenizer.vocabSize);
  }

  /** Samples the next token, and yields the text that can now be shown. */
  *sampleNext(): Iterable<GenerationEvent> {
    const { seed = 0, maxTokens } = this.#options;
    const draw = uniformAt(seed, `sample.${this.#sample}`, this.#generated++);
    const logits = this.logits.subarray(0, this.#vocabSize);
    const id = sampleToken(logits, { ...this.#options, draw, seen: this.#seen });
    if (this.#ends.has(id)) return yield* this.#end("end of text");
    this.ids.push(id);
    this.#seen.add(id);
    const piece = this.#stops.push(this.#decoder.push(id));
    if (piece !== "") yield { text: this.index, piece };
    if (this.#stops.stopped) yield* this.#end("stop");
    else if (this.#generated === maxTokens) yield* this.#end("length");
  }

  *#end(end: Extract<GenerationEvent, { end: unknown }>["end"]): Iterable<GenerationEvent> {
    const piece = this.#stops.rest();
    this.ended = true;
    if (piece !== "") yield { text: this.index, piece };
    yield { text: this.index, end };
  }
}
