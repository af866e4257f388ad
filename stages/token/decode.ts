/**
 * From the bytes of tokens to text.
 *
 * @module
 */
import type { DecodeOptions } from "./tokenizer.ts";

/** The bytes of all tokens in one array: looking them up and copying them is most of decoding. */
export class TokenBytes {
  readonly #bytes: Uint8Array;
  readonly #starts: Uint32Array; // token i is bytes[starts[i] … starts[i + 1])
  readonly #known: Uint8Array;

  /** By id; undefined: no such token. */
  constructor(tokens: readonly (Uint8Array | undefined)[]) {
    this.#starts = new Uint32Array(tokens.length + 1);
    this.#known = new Uint8Array(tokens.length);
    for (let id = 0; id < tokens.length; id++) {
      this.#known[id] = tokens[id] === undefined ? 0 : 1;
      this.#starts[id + 1] = this.#starts[id] + (tokens[id]?.length ?? 0);
    }
    this.#bytes = new Uint8Array(this.#starts[tokens.length]);
    for (let id = 0; id < tokens.length; id++) this.#bytes.set(tokens[id] ?? [], this.#starts[id]);
  }

  /** A copy of one token's bytes. Throws RangeError for an unknown id, saying at which position of many it stands. */
  one(id: number, position = 0): Uint8Array {
    if (this.#known[id] !== 1) {
      throw new RangeError(
        `Cannot decode id ${id} at position ${position}: no such token among the ${this.#known.length} of the vocabulary`,
      );
    }
    return this.#bytes.slice(this.#starts[id], this.#starts[id + 1]);
  }

  /** A copy of each token's bytes. Throws RangeError as `one`. */
  each(ids: Iterable<number>): Uint8Array[] {
    let position = 0;
    return Array.from(ids, (id) => this.one(id, position++));
  }

  /** The bytes of tokens in a row. Throws RangeError as `one`. */
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

/** Bytes as text. Throws TypeError naming the token where they are not UTF-8 and errors are fatal. */
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
      }: decode with errors "replace", or take decodeBytes()`,
      { cause },
    );
  }
}

/** The index in their text at which each token begins; their bytes are UTF-8. Source: tiktoken core.py. */
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

/** Where each token begins in the bytes of all, and where the last one ends. */
export function offsetsOf(tokens: readonly Uint8Array[]): Uint32Array {
  const offsets = new Uint32Array(tokens.length + 1);
  tokens.forEach((bytes, i) => offsets[i + 1] = offsets[i] + bytes.length);
  return offsets;
}

/** Decodes token by token until it fails. */
function whereNotUtf8(tokens: readonly Uint8Array[]): string {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
  for (let i = 0; i < tokens.length; i++) {
    try {
      decoder.decode(tokens[i], { stream: true });
    } catch {
      return `with the token at position ${i} (bytes ${tokens[i].toHex()}) they are no longer UTF-8`;
    }
  }
  return "they end within a character";
}

function isContinuation(byte: number): boolean {
  return (byte & 0xC0) === 0x80;
}
