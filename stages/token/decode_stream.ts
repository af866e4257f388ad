/**
 * Ids to text as they come, never half a character.
 *
 * @module
 */
import type { Tokenizer } from "./tokenizer.ts";

/** Turns ids into text piece by piece: what the pieces join to is `decode` of all ids. */
export class StreamDecoder {
  readonly #tokenizer: Tokenizer;
  readonly #utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

  /** Ids of this tokenizer. */
  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
  }

  /** Whole characters that these ids complete; "" while one is under way. Throws RangeError for an unknown id. */
  push(ids: number | Iterable<number>): string {
    return this.#utf8.decode(this.#tokenizer.decodeBytes(typeof ids === "number" ? [ids] : ids), {
      stream: true,
    });
  }

  /** What is left at the end: U+FFFD for a character that was begun, else "". Then it begins anew. */
  end(): string {
    return this.#utf8.decode();
  }
}

/**
 * The same as a transform: ids, one by one or in groups, to pieces of text that are not empty.
 *
 * @example
 * ```ts
 * import { byteTokenizer } from "./byte.ts";
 * import { decodeStream } from "./decode_stream.ts";
 * const pieces = ReadableStream.from([0xC3, 0xA9, 0x21]).pipeThrough(decodeStream(byteTokenizer()));
 * console.log(await Array.fromAsync(pieces)); // [ "é", "!" ]
 * ```
 */
export function decodeStream(tokenizer: Tokenizer): TransformStream<number | Iterable<number>, string> {
  const decoder = new StreamDecoder(tokenizer);
  const pass = (piece: string, controller: TransformStreamDefaultController<string>) => {
    if (piece !== "") controller.enqueue(piece);
  };
  return new TransformStream({
    transform: (ids, controller) => pass(decoder.push(ids), controller),
    flush: (controller) => pass(decoder.end(), controller),
  });
}
