/**
 * Decoding of a stream of ids: text is returned as soon as its characters are complete.
 *
 * Source: huggingface/tokenizers, `step_decode_stream`, for tokenizers whose decoder looks at several tokens.
 *
 * @module
 */
import { ComposedTokenizer } from "./composed/composed_tokenizer.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** Options of `StreamDecoder`. */
export interface StreamDecoderOptions {
  /**
   * Ids of a text that the stream continues, such as a prompt (default: none). A tokenizer that removes the
   * blank before a text, as Llama's does, then keeps the blank before the first word of the stream.
   */
  readonly after?: readonly number[];
}

/**
 * Decodes ids as they arrive. The returned texts join to `decode` of all ids: a tokenizer that removes the
 * blank before a text removes it from the first text alone. Text that has been returned does not change any
 * more. With a `tokenizer.json`, `decode` may change it: bytes that are not UTF-8 after a character of single
 * bytes make it replace this character too, and BPEDecoder's suffix inside a token is a blank once a token
 * follows.
 */
export class StreamDecoder {
  readonly #decoder: ByteDecoder | WindowDecoder;

  /** A decoder for this tokenizer's ids. */
  constructor(tokenizer: Tokenizer, options: StreamDecoderOptions = {}) {
    this.#decoder = tokenizer instanceof ComposedTokenizer
      ? new WindowDecoder(tokenizer, options.after ?? [])
      : new ByteDecoder(tokenizer);
  }

  /**
   * Returns the characters that these ids complete, or "" while a character is incomplete. Throws RangeError
   * for an unknown id.
   */
  push(ids: number | Iterable<number>): string {
    return this.#decoder.push(typeof ids === "number" ? [ids] : ids);
  }

  /**
   * Ends the text: returns U+FFFD for an incomplete character, otherwise "". The decoder can then be used
   * again.
   */
  end(): string {
    return this.#decoder.end();
  }
}

/** Decodes the bytes of tokens. */
class ByteDecoder {
  readonly #tokenizer: Tokenizer;
  readonly #utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
  }

  push(ids: Iterable<number>): string {
    return this.#utf8.decode(this.#tokenizer.decodeBytes(ids), { stream: true });
  }

  end(): string {
    return this.#utf8.decode();
  }
}

const mostPending = 32; // ids that may wait for the end of a character

/** Decodes the last ids together with those of the text before, since a token's text depends on these. */
class WindowDecoder {
  readonly #tokenizer: ComposedTokenizer;
  #ids: number[] = [];
  #known = 0; // number of ids at the front whose text has been returned
  #text = ""; // their text

  constructor(tokenizer: ComposedTokenizer, after: readonly number[]) {
    this.#tokenizer = tokenizer;
    this.#keep(tokenizer.endsAlone ? after.slice(-mostPending) : after);
  }

  push(ids: Iterable<number>): string {
    for (const id of ids) this.#ids.push(id);
    const text = this.#tokenizer.decode(this.#ids);
    const waits = text.length <= this.#text.length || text.endsWith("\uFFFD");
    if (waits && this.#ids.length - this.#known <= mostPending) return "";
    return this.#take(text);
  }

  end(): string {
    const rest = this.#take(this.#tokenizer.decode(this.#ids));
    this.#keep([]);
    return rest;
  }

  /** Returns the part of `text`, which is that of all ids, that has not been returned. */
  #take(text: string): string {
    const fresh = this.#ids.slice(this.#known);
    // Where the new ids change the text before them, they are decoded alone.
    const continues = text.startsWith(this.#text);
    const piece = continues ? text.slice(this.#text.length) : this.#tokenizer.decode(fresh);
    this.#keep(this.#tokenizer.endsAlone ? fresh.slice(-mostPending) : this.#ids);
    return piece;
  }

  #keep(ids: readonly number[]): void {
    this.#ids = [...ids]; // push() adds to it
    this.#known = ids.length;
    this.#text = this.#tokenizer.decode(ids);
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
