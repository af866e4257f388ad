/**
 * From the bytes of tokens to text.
 *
 * @module
 */
import type { DecodeOptions, TextWithOffsets } from "./tokenizer.ts";

/** Tokens' bytes in a row. */
export function joinedBytes(tokens: Iterable<Uint8Array>): Uint8Array<ArrayBuffer> {
  let out = new Uint8Array(256), length = 0;
  for (const bytes of tokens) {
    if (length + bytes.length > out.length) {
      const larger = new Uint8Array(Math.max(out.length * 2, length + bytes.length));
      larger.set(out);
      out = larger;
    }
    out.set(bytes, length);
    length += bytes.length;
  }
  return out.slice(0, length);
}

/** The text of tokens. Throws TypeError naming the token where their bytes are not UTF-8 and errors are fatal. */
export function textOf(tokens: readonly Uint8Array[], { errors = "replace" }: DecodeOptions = {}): string {
  try {
    return new TextDecoder("utf-8", { ignoreBOM: true, fatal: errors === "fatal" }).decode(
      joinedBytes(tokens),
    );
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new TypeError(
      `Cannot decode ${tokens.length} tokens as text: ${
        whereNotUtf8(tokens)
      }: decode with errors "replace", or take decodeBytes()`,
      { cause },
    );
  }
}

/** Text and the index at which each token begins in it. Throws TypeError as `textOf`. Source: tiktoken core.py. */
export function textWithOffsets(tokens: readonly Uint8Array[]): TextWithOffsets {
  const text = textOf(tokens, { errors: "fatal" });
  let units = 0, lastWidth = 0;
  const offsets = tokens.map((bytes) => {
    const start = bytes.length > 0 && isContinuation(bytes[0]) ? units - lastWidth : units;
    for (const byte of bytes) {
      if (isContinuation(byte)) continue;
      lastWidth = byte >= 0xF0 ? 2 : 1; // UTF-16 units of the character that begins here
      units += lastWidth;
    }
    return start;
  });
  return { text, offsets };
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
