/**
 * The interface of tokenizers.
 *
 * @module
 */
import type { SpecialOptions } from "./special.ts";

/** What becomes of bytes that are not UTF-8: U+FFFD, or an error. */
export interface DecodeOptions {
  /** Default replace. */
  readonly errors?: "replace" | "fatal";
}

/** Text, and where each of its tokens begins in it. */
export type TextWithOffsets = Readonly<{
  text: string;
  /** Index into `text`; of a token that begins within a character, that character's. */
  offsets: readonly number[];
}>;

/** Text to token ids and back; the methods are tiktoken's. Every method throws RangeError for an unknown id. */
export interface Tokenizer {
  /** Ids are 0 … vocabSize - 1: bytes or characters, merges and special tokens together; some may stand for none. */
  readonly vocabSize: number;
  /** Special tokens by their text. */
  readonly special: ReadonlyMap<string, number>;
  /** The id of `<|endoftext|>`. Throws TypeError if there is none. */
  readonly eotToken: number;
  /**
   * The ids of a text by a person or a program that knows of special tokens: their texts become tokens where allowed
   * and are refused where not, as in tiktoken. Throws RangeError naming the token, the place and the remedy.
   */
  encode(text: string, options?: SpecialOptions): Uint32Array;
  /** The ids of any text, special tokens' texts read as plain: for documents. A lone surrogate counts as U+FFFD. */
  encodeOrdinary(text: string): Uint32Array;
  /** The id of one whole token, special or not, by its text or bytes. Throws RangeError if there is none. */
  encodeSingleToken(token: string | Uint8Array): number;
  /** The text of ids. With `errors: "fatal"` throws TypeError for bytes that are not UTF-8. */
  decode(ids: Iterable<number>, options?: DecodeOptions): string;
  /** The bytes of ids, exact also where they are not whole characters. */
  decodeBytes(ids: Iterable<number>): Uint8Array;
  /** A copy of the bytes of one id. */
  decodeSingleTokenBytes(id: number): Uint8Array;
  /** Bytes of each id. */
  decodeTokensBytes(ids: Iterable<number>): Uint8Array[];
  /** The text of ids, and where each begins. Throws TypeError for bytes that are not UTF-8. */
  decodeWithOffsets(ids: Iterable<number>): TextWithOffsets;
  /** Where each id's bytes begin, and last where they end: one number more than ids. */
  byteOffsets(ids: Iterable<number>): Uint32Array;
  /** Bytes of all ordinary tokens, in the order of the bytes. */
  tokenByteValues(): Uint8Array[];
  /** Whether an id is a special token's. */
  isSpecialToken(id: number): boolean;
}
