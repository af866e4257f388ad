/**
 * Chunks of bytes as one run, to look at and to drop: what readers of packed files are fed by.
 *
 * @module
 */

/** Chunks as bytes to look at and drop. */
export class ByteQueue {
  readonly #chunks: AsyncIterator<Uint8Array<ArrayBuffer>>;
  #held: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  /** `offset`: bytes before the first chunk, then before the first byte held. */
  constructor(chunks: AsyncIterable<Uint8Array<ArrayBuffer>>, public offset: number) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Holds at least `count` bytes, or says that there are not as many. */
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

  /** At most `most` of the bytes held. */
  peek(most: number): Uint8Array<ArrayBuffer> {
    return this.#held.subarray(0, most);
  }

  /** Passes over bytes that are held. */
  drop(count: number): void {
    this.#held = this.#held.subarray(count);
    this.offset += count;
  }

  /** Passes zeros over; true if nothing else followed. */
  async skipZeros(): Promise<boolean> {
    while (await this.fill(1)) {
      const at = this.#held.findIndex((byte) => byte !== 0);
      if (at === 0) return false;
      this.drop(at < 0 ? this.#held.length : at);
    }
    return true;
  }
}
