/**
 * The interface that all tokenizers implement.
 *
 * @module
 */
import type { SpecialOptions } from "./special.ts";
import type { TokenRoles } from "./token_roles.ts";

/** Options of `Tokenizer.decode`. */
export interface DecodeOptions {
  /** What to do with bytes that are not UTF-8: replace them with U+FFFD (default), or throw. */
  readonly errors?: "replace" | "fatal";
}

/** A decoded text and the positions of its tokens. */
export type TextWithOffsets = Readonly<{
  text: string;
  /**
   * Index in `text` at which each token begins; for a token that begins inside a character, it is the index
   * of that character.
   */
  offsets: readonly number[];
}>;

/**
 * Encodes text as token ids and decodes ids. The methods are those of tiktoken. Every method that takes ids
 * throws RangeError for an unknown id.
 */
export interface Tokenizer {
  /** Ids are 0 … `vocabSize - 1`, special tokens included. Some ids may be unused. */
  readonly vocabSize: number;
  /** Ids of the special tokens, keyed by text. */
  readonly special: ReadonlyMap<string, number>;
  /** Id of the token that separates documents; see `endOfText`. Throws TypeError if there is none. */
  readonly eotToken: number;
  /** Tokens that begin and end texts, if the tokenizer's files name them. */
  readonly roles?: TokenRoles;
  /** Jinja template of conversations, if the tokenizer's files have one. */
  readonly chatTemplate?: string | null;
  /**
   * Encodes a text in which special tokens may occur, such as a prompt. As in tiktoken, `options` selects the
   * special tokens that are encoded as such. Any other special token in the text causes a RangeError, unless
   * `disallowedSpecial` is given and does not contain that token.
   */
  encode(text: string, options?: SpecialOptions): Uint32Array;
  /**
   * Encodes a document: texts of special tokens are encoded as plain text. A lone surrogate is encoded as
   * U+FFFD.
   */
  encodeOrdinary(text: string): Uint32Array;
  /**
   * Returns the id of the token, special or not, that has exactly this text or these bytes. Throws RangeError
   * if there is none.
   */
  encodeSingleToken(token: string | Uint8Array): number;
  /** Decodes ids as text. With `errors: "fatal"` throws TypeError for bytes that are not UTF-8. */
  decode(ids: Iterable<number>, options?: DecodeOptions): string;
  /** Returns the bytes of the tokens, joined; they are exact even if they do not form complete characters. */
  decodeBytes(ids: Iterable<number>): Uint8Array;
  /** Returns a copy of one token's bytes. */
  decodeSingleTokenBytes(id: number): Uint8Array;
  /** Returns a copy of each token's bytes. */
  decodeTokensBytes(ids: Iterable<number>): Uint8Array[];
  /** Decodes ids as text with the position of each token. Throws TypeError for bytes that are not UTF-8. */
  decodeWithOffsets(ids: Iterable<number>): TextWithOffsets;
  /**
   * Returns the byte offset of each token in the joined bytes, followed by the total length, so the result
   * has one entry more than `ids`.
   */
  byteOffsets(ids: Iterable<number>): Uint32Array;
  /** Returns the bytes of all ordinary tokens, in lexicographic order. */
  tokenByteValues(): Uint8Array[];
  /** Returns whether an id is that of a special token. */
  isSpecialToken(id: number): boolean;
}
