/**
 * Decoding: the bytes of tokens, and text from bytes.
 *
 * @module
 */
import type { DecodeOptions } from "./tokenizer.ts";

const lenient = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * The bytes of all tokens in one array. Decoding consists mostly of lookups in this array, so they must be
 * fast.
 */
export class TokenBytes {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #starts: Uint32Array; // token `i` is `bytes[starts[i] … starts[i + 1])`
  readonly #known: Uint8Array;
  // Text of each token that is UTF-8 by itself, null for others; undefined until the token is first decoded.
  readonly #texts: (string | null | undefined)[];

  /** `tokens` holds the bytes of each token, indexed by id; undefined for unused ids. */
  constructor(tokens: readonly (Uint8Array | undefined)[]) {
    this.#starts = new Uint32Array(tokens.length + 1);
    this.#known = new Uint8Array(tokens.length);
    this.#texts = new Array(tokens.length).fill(undefined);
    for (let id = 0; id < tokens.length; id++) {
      this.#known[id] = tokens[id] === undefined ? 0 : 1;
      this.#starts[id + 1] = this.#starts[id] + (tokens[id]?.length ?? 0);
    }
    this.#bytes = new Uint8Array(this.#starts[tokens.length]);
    for (let id = 0; id < tokens.length; id++) this.#bytes.set(tokens[id] ?? [], this.#starts[id]);
  }

  /**
   * Returns a copy of one token's bytes. Throws RangeError for an unknown id; `position` is the index of the
   * id in the input.
   */
  one(id: number, position = 0): Uint8Array<ArrayBuffer> {
    if (this.#known[id] !== 1) {
      throw new RangeError(
        `Cannot decode id ${id} at position ${position}: the vocabulary has no such token; its ids are below ${this.#known.length}`,
      );
    }
    return this.#bytes.slice(this.#starts[id], this.#starts[id + 1]);
  }

  /** Returns a copy of each token's bytes. Throws RangeError for an unknown id. */
  each(ids: Iterable<number>): Uint8Array[] {
    let position = 0;
    return Array.from(ids, (id) => this.one(id, position++));
  }

  /**
   * Returns the text of all tokens; bytes that are not UTF-8 become U+FFFD. Throws RangeError for an unknown
   * id.
   */
  text(ids: ArrayLike<number>): string {
    const texts = this.#texts, { length } = ids;
    let out = "", pending: number[] = []; // tokens that are parts of characters
    for (let i = 0; i < length; i++) {
      const id = ids[i];
      let text = texts[id];
      if (text === undefined) text = this.#textOf(id, i);
      if (text === null) {
        pending.push(id);
        continue;
      }
      if (pending.length > 0) {
        out += lenient.decode(this.joined(pending));
        pending = [];
      }
      out += text;
    }
    return pending.length > 0 ? out + lenient.decode(this.joined(pending)) : out;
  }

  #textOf(id: number, position: number): string | null {
    const bytes = this.one(id, position);
    return this.#texts[id] = isUtf8(bytes) ? lenient.decode(bytes) : null;
  }

  /** Returns the bytes of all tokens, joined. Throws RangeError for an unknown id. */
  joined(ids: Iterable<number>): Uint8Array<ArrayBuffer> {
    const bytes = this.#bytes, starts = this.#starts, known = this.#known;
    let out = new Uint8Array(256), length = 0, position = 0;
    for (const id of ids) {
      if (known[id] !== 1) this.one(id, position);
      const start = starts[id], end = starts[id + 1];
      if (length + end - start > out.length) {
        const larger = new Uint8Array(Math.max(out.length * 2, length + end - start));
        larger.set(out);
        out = larger;
      }
      for (let i = start; i < end; i++) out[length++] = bytes[i];
      position++;
    }
    return out.slice(0, length);
  }
}

/**
 * Decodes UTF-8. With `errors: "fatal"`, throws TypeError for malformed bytes. The error message names the
 * first token at fault; only then is `parts` called, which returns the bytes of each token.
 */
export function textOf(
  bytes: Uint8Array<ArrayBuffer>,
  { errors = "replace", parts }: DecodeOptions & { readonly parts: () => readonly Uint8Array[] },
): string {
  try {
    return new TextDecoder("utf-8", { ignoreBOM: true, fatal: errors === "fatal" }).decode(bytes);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new TypeError(
      `Cannot decode tokens as text: ${
        whereNotUtf8(parts())
      }: decode with errors "replace", or call decodeBytes()`,
      { cause },
    );
  }
}

/**
 * Returns the index in the decoded text at which each token begins; for a token that begins inside a
 * character, it is the index of that character. The joined bytes must be valid UTF-8. Source: tiktoken
 * core.py, decode_with_offsets.
 */
export function textOffsets(tokens: readonly Uint8Array[]): number[] {
  let units = 0, lastWidth = 0;
  return tokens.map((bytes) => {
    const start = bytes.length > 0 && isContinuation(bytes[0]) ? units - lastWidth : units;
    for (const byte of bytes) {
      if (isContinuation(byte)) continue;
      lastWidth = byte >= 0xF0 ? 2 : 1; // UTF-16 units of the character that begins here
      units += lastWidth;
    }
    return start;
  });
}

/** Returns the byte offset of each token in the joined bytes, followed by the total length. */
export function offsetsOf(tokens: readonly Uint8Array[]): Uint32Array {
  const offsets = new Uint32Array(tokens.length + 1);
  tokens.forEach((bytes, i) => offsets[i + 1] = offsets[i] + bytes.length);
  return offsets;
}

/** Describes the first token at which the bytes are no longer valid UTF-8. */
function whereNotUtf8(tokens: readonly Uint8Array[]): string {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
  for (let i = 0; i < tokens.length; i++) {
    try {
      decoder.decode(tokens[i], { stream: true });
    } catch {
      return `the token at position ${i} (bytes ${tokens[i].toHex()}) makes the bytes invalid UTF-8`;
    }
  }
  return "the last character is incomplete";
}

function isUtf8(bytes: Uint8Array<ArrayBuffer>): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

function isContinuation(byte: number): boolean {
  return (byte & 0xC0) === 0x80;
}
