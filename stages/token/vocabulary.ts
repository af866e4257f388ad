/**
 * The base class of all tokenizers: it holds the bytes of the tokens and the special tokens, and does
 * everything except the encoding of plain text.
 *
 * @module
 */
import { excerpt } from "../format/text/excerpt.ts";
import { ByteIndex } from "./byte_index.ts";
import { compareBytes } from "./compare_bytes.ts";
import { offsetsOf, textOf, textOffsets, TokenBytes } from "./decode.ts";
import { endOfText } from "./end_of_text.ts";
import { NO_ROLES, type TokenRoles } from "./token_roles.ts";
import { type SpecialOptions, SpecialTokens, type TextSegment } from "./special.ts";
import type { DecodeOptions, TextWithOffsets, Tokenizer } from "./tokenizer.ts";

const utf8 = new TextEncoder();

/** A tokenizer without `encodeOrdinary`, which subclasses define. */
export abstract class Vocabulary implements Tokenizer {
  readonly vocabSize: number;
  readonly special: ReadonlyMap<string, number>;
  /** Bytes of the ordinary tokens, indexed by id; undefined for ids that no ordinary token has. */
  readonly tokens: readonly (Uint8Array | undefined)[];
  /**
   * See `Tokenizer.roles`. Set by `readTokenizer`, and by whoever wants documents separated by another token.
   */
  roles: TokenRoles = NO_ROLES;
  /** Jinja template of conversations, if the tokenizer's files have one; set by whoever reads them. */
  chatTemplate: string | null = null;
  readonly #special: SpecialTokens;
  readonly #decoded: ReadonlyMap<number, Uint8Array>;
  // Made at first use: a program that only encodes needs neither.
  #ids: ByteIndex | null = null;
  #bytes: TokenBytes | null = null;

  /**
   * `decoded` has the bytes as which special tokens are decoded, if they are not those of their texts. Throws
   * TypeError if two tokens have the same id, or if a special token's text is empty.
   */
  constructor(
    tokens: readonly (Uint8Array | undefined)[],
    special: ReadonlyMap<string, number>,
    decoded: ReadonlyMap<number, Uint8Array> = new Map(),
  ) {
    this.tokens = tokens;
    this.#decoded = decoded;
    this.#special = new SpecialTokens(special);
    this.special = this.#special.ids;
    for (const [text, id] of special) {
      if (tokens[id] !== undefined) {
        throw new TypeError(
          `Cannot make ${text} a special token: its id ${id} is an ordinary token's: give it an id of its own`,
        );
      }
    }
    this.vocabSize = [...special.values()].reduce((most, id) => Math.max(most, id + 1), tokens.length);
  }

  /** See `Tokenizer.encodeOrdinary`. */
  abstract encodeOrdinary(text: string): Uint32Array;

  /** See `Tokenizer.eotToken`. */
  get eotToken(): number {
    return endOfText(this);
  }

  /** See `Tokenizer.encode`. */
  encode(text: string, options: SpecialOptions = {}): Uint32Array {
    const segments = this.segmentsOf(text, options);
    if (segments.length === 1 && typeof segments[0] === "string") return this.encodeOrdinary(segments[0]);
    return joined(
      segments.map((segment) =>
        typeof segment === "string" ? this.encodeOrdinary(segment) : Uint32Array.of(segment)
      ),
    );
  }

  /** Splits a text at the allowed special tokens. Throws the errors of `Tokenizer.encode`. */
  protected segmentsOf(text: string, options: SpecialOptions): TextSegment[] {
    return this.#special.split(text, options);
  }

  /**
   * Returns the special tokens that `encode` is allowed to use, or null for all. Throws the errors of
   * `Tokenizer.encode`.
   */
  protected checkSpecial(text: string, options: SpecialOptions): ReadonlySet<string> | null {
    return this.#special.check(text, options);
  }

  /** See `Tokenizer.encodeSingleToken`. */
  encodeSingleToken(token: string | Uint8Array): number {
    const text = typeof token === "string"
      ? token
      : new TextDecoder("utf-8", { ignoreBOM: true }).decode(token);
    const bytes = typeof token === "string" ? utf8.encode(token) : token;
    this.#ids ??= new ByteIndex(this.tokens);
    const ordinary = this.#ids.find(bytes), id = ordinary < 0 ? this.special.get(text) : ordinary;
    if (id !== undefined) return id;
    throw new RangeError(
      `Cannot encode ${excerpt(text)} (bytes ${
        excerpt(bytes.toHex())
      }) as a single token: no token of the vocabulary has these bytes: encode() returns several tokens`,
    );
  }

  /** See `Tokenizer.decode`. */
  decode(ids: Iterable<number>, { errors = "replace" }: DecodeOptions = {}): string {
    if (errors !== "fatal") return this.#all.text(isList(ids) ? ids : [...ids]);
    const list = [...ids]; // an error message needs the ids a second time
    return textOf(this.#all.joined(list), { errors, parts: () => this.#all.each(list) });
  }

  /** See `Tokenizer.decodeBytes`. */
  decodeBytes(ids: Iterable<number>): Uint8Array {
    return this.#all.joined(ids);
  }

  /** See `Tokenizer.decodeSingleTokenBytes`. */
  decodeSingleTokenBytes(id: number): Uint8Array {
    return this.#all.one(id);
  }

  /** See `Tokenizer.decodeTokensBytes`. */
  decodeTokensBytes(ids: Iterable<number>): Uint8Array[] {
    return this.#all.each(ids);
  }

  /** See `Tokenizer.decodeWithOffsets`. */
  decodeWithOffsets(ids: Iterable<number>): TextWithOffsets {
    const list = [...ids];
    return { text: this.decode(list, { errors: "fatal" }), offsets: textOffsets(this.#all.each(list)) };
  }

  /** See `Tokenizer.byteOffsets`. */
  byteOffsets(ids: Iterable<number>): Uint32Array {
    return offsetsOf(this.#all.each(ids));
  }

  /** See `Tokenizer.tokenByteValues`. */
  tokenByteValues(): Uint8Array[] {
    return this.tokens.flatMap((bytes) => bytes === undefined ? [] : [bytes.slice()]).sort(compareBytes);
  }

  /** See `Tokenizer.isSpecialToken`. */
  isSpecialToken(id: number): boolean {
    return this.#special.bytes(id) !== undefined;
  }

  get #all(): TokenBytes {
    return this.#bytes ??= new TokenBytes(
      Array.from(
        { length: this.vocabSize },
        (_, id) => this.tokens[id] ?? this.#decoded.get(id) ?? this.#special.bytes(id),
      ),
    );
  }
}

function isList(ids: Iterable<number>): ids is Iterable<number> & ArrayLike<number> {
  return Array.isArray(ids) || ArrayBuffer.isView(ids);
}

function joined(parts: readonly Uint32Array[]): Uint32Array {
  const out = new Uint32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
