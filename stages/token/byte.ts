/**
 * The tokenizer without a vocabulary: UTF-8 bytes, and one token between documents.
 *
 * @module
 */
import { END_OF_TEXT, type Tokenizer } from "./tokenizer.ts";

/** Ids 0 to 255 are the bytes, 256 is `<|endoftext|>`. */
export function byteTokenizer(): Tokenizer {
  const special: ReadonlyMap<string, number> = new Map([[END_OF_TEXT, 256]]);
  const endBytes = new TextEncoder().encode(END_OF_TEXT);
  const decodeBytes = (ids: Iterable<number>): Uint8Array => {
    const bytes: number[] = [];
    let position = 0;
    for (const id of ids) {
      if (id === 256) bytes.push(...endBytes);
      else if (id >= 0 && id < 256) bytes.push(id);
      else throw new RangeError(`Cannot decode id ${id} at position ${position}: ids are 0 to 256`);
      position++;
    }
    return Uint8Array.from(bytes);
  };
  return {
    vocabSize: 257,
    special,
    encode: (text) => Uint32Array.from(new TextEncoder().encode(text)),
    decode: (ids) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(decodeBytes(ids)),
    decodeBytes,
  };
}
