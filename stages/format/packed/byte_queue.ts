/**
 * A queue of bytes over chunks of any size, for parsers of binary formats.
 *
 * @module
 */

/** The bytes of chunks, read from the front: peek at some, then drop them. */
export class ByteQueue {
  readonly #chunks: AsyncIterator<Uint8Array<ArrayBuffer>>;
  #held: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  /** `offset`: byte offset of the first chunk; afterwards that of the first byte held. */
  constructor(chunks: AsyncIterable<Uint8Array<ArrayBuffer>>, public offset: number) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Reads chunks until at least `count` bytes are held; false: the chunks end before. */
  async fill(count: number): Promise<boolean> {
    while (this.#held.length < count) {
      const { done, value } = await this.#chunks.next();
      if (done) return false;
      if (this.#held.length === 0) {
        this.#held = value;
        continue;
      }
      const both = new Uint8Array(this.#held.length + value.length);
      both.set(this.#held);
      both.set(value, this.#held.length);
      this.#held = both;
    }
    return true;
  }

  /** The first `count` of the bytes held, or all if there are fewer. */
  peek(count: number): Uint8Array<ArrayBuffer> {
    return this.#held.subarray(0, count);
  }

  /** Removes the first `count` of the bytes held. */
  drop(count: number): void {
    this.#held = this.#held.subarray(count);
    this.offset += count;
  }

  /** Removes zeros; true: the chunks end after them. */
  async skipZeros(): Promise<boolean> {
    while (await this.fill(1)) {
      const at = this.#held.findIndex((byte) => byte !== 0);
      if (at === 0) return false;
      this.drop(at < 0 ? this.#held.length : at);
    }
    return true;
  }
}
