/**
 * What all tokenizers share: tokens' bytes by id, special tokens, and everything that follows from the two.
 *
 * @module
 */
import { excerpt } from "../format/text/excerpt.ts";
import { ByteIndex } from "./byte_index.ts";
import { offsetsOf, textOf, textOffsets, TokenBytes } from "./decode.ts";
import { endOfText } from "./end_of_text.ts";
import { type SpecialOptions, SpecialTokens } from "./special.ts";
import type { DecodeOptions, TextWithOffsets, Tokenizer } from "./tokenizer.ts";

const utf8 = new TextEncoder();

/** A tokenizer but for how plain text becomes ids. */
export abstract class Vocabulary implements Tokenizer {
  readonly vocabSize: number;
  readonly special: ReadonlyMap<string, number>;
  /** Bytes of the ordinary tokens by id; undefined where an id has none. */
  readonly tokens: readonly (Uint8Array | undefined)[];
  readonly #special: SpecialTokens;
  // Made when asked for: who only encodes needs neither.
  #ids: ByteIndex | null = null;
  #bytes: TokenBytes | null = null;

  /** Throws TypeError if two tokens have one id, or for a special token's text that is empty. */
  constructor(tokens: readonly (Uint8Array | undefined)[], special: ReadonlyMap<string, number>) {
    this.tokens = tokens;
    this.#special = new SpecialTokens(special);
    this.special = this.#special.ids;
    for (const [text, id] of special) {
      if (tokens[id] !== undefined) {
        throw new TypeError(
          `Cannot make ${text} a special token: its id ${id} is an ordinary token's: give it another`,
        );
      }
    }
    this.vocabSize = [...special.values()].reduce((most, id) => Math.max(most, id + 1), tokens.length);
  }

  /** As in the interface. */
  abstract encodeOrdinary(text: string): Uint32Array;

  /** As in the interface. */
  get eotToken(): number {
    return endOfText(this);
  }

  /** As in the interface. */
  encode(text: string, options: SpecialOptions = {}): Uint32Array {
    const pieces = this.#special.split(text, options);
    if (pieces.length === 1 && typeof pieces[0] === "string") return this.encodeOrdinary(pieces[0]);
    return joined(
      pieces.map((piece) => typeof piece === "string" ? this.encodeOrdinary(piece) : Uint32Array.of(piece)),
    );
  }

  /** As in the interface. */
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
      }) as a single token: the vocabulary has none: encode() gives several`,
    );
  }

  /** As in the interface. */
  decode(ids: Iterable<number>, { errors = "replace" }: DecodeOptions = {}): string {
    const given = errors === "fatal" ? [...ids] : ids; // for the message they are looked at again
    return textOf(this.#all.joined(given), { errors, parts: () => this.#all.each(given) });
  }

  /** As in the interface. */
  decodeBytes(ids: Iterable<number>): Uint8Array {
    return this.#all.joined(ids);
  }

  /** As in the interface. */
  decodeSingleTokenBytes(id: number): Uint8Array {
    return this.#all.one(id);
  }

  /** As in the interface. */
  decodeTokensBytes(ids: Iterable<number>): Uint8Array[] {
    return this.#all.each(ids);
  }

  /** As in the interface. */
  decodeWithOffsets(ids: Iterable<number>): TextWithOffsets {
    const given = [...ids];
    return { text: this.decode(given, { errors: "fatal" }), offsets: textOffsets(this.#all.each(given)) };
  }

  /** As in the interface. */
  byteOffsets(ids: Iterable<number>): Uint32Array {
    return offsetsOf(this.#all.each(ids));
  }

  /** As in the interface. */
  tokenByteValues(): Uint8Array[] {
    return this.tokens.flatMap((bytes) => bytes === undefined ? [] : [bytes.slice()]).sort(compareBytes);
  }

  /** As in the interface. */
  isSpecialToken(id: number): boolean {
    return this.#special.bytes(id) !== undefined;
  }

  get #all(): TokenBytes {
    return this.#bytes ??= new TokenBytes(
      Array.from({ length: this.vocabSize }, (_, id) => this.tokens[id] ?? this.#special.bytes(id)),
    );
  }
}

/** Below 0 where `a` comes first in the order of bytes, a prefix before what it begins. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
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
