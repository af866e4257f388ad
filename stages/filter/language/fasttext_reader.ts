/**
 * Reads the little-endian fields of a fastText model file in order.
 *
 * @module
 */

/** Reader of fields with a position that advances. All methods throw RangeError at the end of the bytes. */
export class FastTextReader {
  #at = 0;
  readonly #view: DataView;

  /** A reader that starts at the first byte of the file. */
  constructor(readonly all: Uint8Array<ArrayBuffer>) {
    this.#view = new DataView(all.buffer, all.byteOffset, all.byteLength);
  }

  /** Reads a signed integer of 4 bytes. */
  int32(): number {
    return this.#view.getInt32(this.#step(4), true);
  }

  /** Reads a signed integer of 8 bytes as a number, which is exact below 2^53. */
  int64(): number {
    return Number(this.#view.getBigInt64(this.#step(8), true));
  }

  /** Reads one byte. */
  byte(): number {
    return this.all[this.#step(1)];
  }

  /** Reads the next `count` bytes, as a view. */
  bytes(count: number): Uint8Array {
    const at = this.#step(count);
    return this.all.subarray(at, at + count);
  }

  /** Reads the next `count` 32-bit floats, as a copy. */
  floats(count: number): Float32Array {
    const at = this.#step(4 * count);
    return Float32Array.from({ length: count }, (_, i) => this.#view.getFloat32(at + 4 * i, true));
  }

  /** Reads the bytes of a null-terminated string, and skips its terminator. */
  text(): Uint8Array {
    const end = this.all.indexOf(0, this.#at);
    if (end < 0) {
      throw new RangeError(
        `The fastText model is truncated: the word at byte ${this.#at} has no end: fetch the model again`,
      );
    }
    const text = this.all.subarray(this.#at, end);
    this.#at = end + 1;
    return text;
  }

  /** Skips `count` bytes. */
  skip(count: number): void {
    this.#step(count);
  }

  #step(count: number): number {
    const at = this.#at;
    if (!(count >= 0 && at + count <= this.all.length)) {
      throw new RangeError(
        `The fastText model is truncated: expected ${count} bytes at byte ${at}, but the file has ${this.all.length}: ` +
          `fetch the model again`,
      );
    }
    this.#at += count;
    return at;
  }
}
