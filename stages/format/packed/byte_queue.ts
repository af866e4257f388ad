/**
 * A queue of bytes over chunks of any size, for parsers of binary formats.
 *
 * @module
 */

/** Queue of the bytes of chunks. The reader peeks at bytes at the front, then drops them. */
export class ByteQueue {
  readonly #chunks: AsyncIterator<Uint8Array<ArrayBuffer>>;
  #held: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  /** `offset` is the byte offset of the first chunk and, later, that of the first byte in the queue. */
  constructor(chunks: AsyncIterable<Uint8Array<ArrayBuffer>>, public offset: number) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Reads chunks until the queue has at least `count` bytes. Returns false if the chunks end before that. */
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

  /** Returns the first `count` bytes in the queue, or all bytes if there are fewer. */
  peek(count: number): Uint8Array<ArrayBuffer> {
    return this.#held.subarray(0, count);
  }

  /** Removes the first `count` bytes from the queue. */
  drop(count: number): void {
    this.#held = this.#held.subarray(count);
    this.offset += count;
  }

  /** Skips bytes of value 0 at the front of the queue. Returns true if no data follows them. */
  async skipZeros(): Promise<boolean> {
    while (await this.fill(1)) {
      const at = this.#held.findIndex((byte) => byte !== 0);
      if (at === 0) return false;
      this.drop(at < 0 ? this.#held.length : at);
    }
    return true;
  }
}
