/**
 * Decoding of a stream of ids: text is returned as soon as its characters are complete.
 *
 * @module
 */
import type { Tokenizer } from "./tokenizer.ts";

/** Decodes ids as they arrive. The returned texts join to `decode` of all ids. */
export class StreamDecoder {
  readonly #tokenizer: Tokenizer;
  readonly #utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

  /** A decoder for this tokenizer's ids. */
  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
  }

  /**
   * Returns the characters that these ids complete, or "" while a character is incomplete. Throws RangeError
   * for an unknown id.
   */
  push(ids: number | Iterable<number>): string {
    return this.#utf8.decode(this.#tokenizer.decodeBytes(typeof ids === "number" ? [ids] : ids), {
      stream: true,
    });
  }

  /**
   * Ends the text: returns U+FFFD for an incomplete character, otherwise "". The decoder can then be used
   * again.
   */
  end(): string {
    return this.#utf8.decode();
  }
}

/**
 * Returns a `StreamDecoder` as a transform stream, from ids (single or in groups) to non-empty texts.
 *
 * @example
 * ```ts
 * import { byteTokenizer, decodeStream } from "@stagewise/gpt";
 *
 * const texts = ReadableStream.from([0xC3, 0xA9, 0x21]).pipeThrough(decodeStream(byteTokenizer()));
 * console.log(await Array.fromAsync(texts)); // [ "é", "!" ]
 * ```
 */
export function decodeStream(tokenizer: Tokenizer): TransformStream<number | Iterable<number>, string> {
  const decoder = new StreamDecoder(tokenizer);
  const enqueue = (text: string, controller: TransformStreamDefaultController<string>) => {
    if (text !== "") controller.enqueue(text);
  };
  return new TransformStream({
    transform: (ids, controller) => enqueue(decoder.push(ids), controller),
    flush: (controller) => enqueue(decoder.end(), controller),
  });
}
