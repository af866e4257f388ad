/**
 * Little-endian fields of a fastText model, one after another.
 *
 * @module
 */

/** Reads fields in order. Throws RangeError where the bytes end. */
export class FastTextReader {
  #at = 0;
  readonly #view: DataView;

  /** Begins at the first byte. */
  constructor(readonly all: Uint8Array<ArrayBuffer>) {
    this.#view = new DataView(all.buffer, all.byteOffset, all.byteLength);
  }

  /** Signed, 4 bytes. */
  int32(): number {
    return this.#view.getInt32(this.#step(4), true);
  }

  /** Signed, 8 bytes, as a number: exact below 2^53. */
  int64(): number {
    return Number(this.#view.getBigInt64(this.#step(8), true));
  }

  /** One byte. */
  byte(): number {
    return this.all[this.#step(1)];
  }

  /** A view of the next `count` bytes. */
  bytes(count: number): Uint8Array {
    const at = this.#step(count);
    return this.all.subarray(at, at + count);
  }

  /** A copy of the next `count` 32-bit floats. */
  floats(count: number): Float32Array {
    const at = this.#step(4 * count);
    return Float32Array.from({ length: count }, (_, i) => this.#view.getFloat32(at + 4 * i, true));
  }

  /** Up to a zero byte, which is passed over. */
  text(): Uint8Array {
    const end = this.all.indexOf(0, this.#at);
    if (end < 0) throw new RangeError(`fastText model ends early: no end of the word at byte ${this.#at}`);
    const text = this.all.subarray(this.#at, end);
    this.#at = end + 1;
    return text;
  }

  /** Passes over `count` bytes. */
  skip(count: number): void {
    this.#step(count);
  }

  #step(count: number): number {
    const at = this.#at;
    if (!(count >= 0 && at + count <= this.all.length)) {
      throw new RangeError(
        `fastText model ends early: ${count} bytes wanted at byte ${at}, file has ${this.all.length}: fetch it again`,
      );
    }
    this.#at += count;
    return at;
  }
}
