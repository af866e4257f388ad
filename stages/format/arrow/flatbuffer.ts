/**
 * Reads tables of a FlatBuffer with checked bounds. Source: flatbuffers.dev, "Internals".
 *
 * @module
 */

/** A table: fields by their index in the schema. All methods throw RangeError beyond the buffer's end. */
export class FlatTable {
  readonly #view: DataView;
  readonly #at: number;
  readonly #fields: number; // position of the table of the fields' offsets
  readonly #size: number; // size of that table in bytes

  private constructor(view: DataView, at: number) {
    this.#view = view;
    this.#at = at;
    this.#fields = at - view.getInt32(at, true);
    this.#size = view.getUint16(this.#fields, true);
    view.getUint8(this.#fields + this.#size - 1);
  }

  /** The table at the root of a buffer. */
  static root(bytes: Uint8Array<ArrayBuffer>): FlatTable {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return new FlatTable(view, view.getUint32(0, true));
  }

  /** The number in field `index`, which has 1 or 8 bytes; 0 if it is absent. */
  number(index: number, bytes: 1 | 8): number {
    const at = this.#position(index);
    if (at === null) return 0;
    return bytes === 1 ? this.#view.getUint8(at) : Number(this.#view.getBigInt64(at, true));
  }

  /** The table in field `index`; null if it is absent. */
  table(index: number): FlatTable | null {
    const at = this.#position(index);
    return at === null ? null : new FlatTable(this.#view, at + this.#view.getUint32(at, true));
  }

  /** The tables of the vector in field `index`. */
  tables(index: number): FlatTable[] {
    const { at, length } = this.#vector(index, 4);
    return Array.from({ length }, (_, i) => {
      const item = at + 4 * i;
      return new FlatTable(this.#view, item + this.#view.getUint32(item, true));
    });
  }

  /** The 64-bit pairs of the vector in field `index`. */
  pairs(index: number): (readonly [number, number])[] {
    const { at, length } = this.#vector(index, 16);
    const whole = (offset: number): number => Number(this.#view.getBigInt64(offset, true));
    return Array.from({ length }, (_, i) => [whole(at + 16 * i), whole(at + 16 * i + 8)] as const);
  }

  /** Checks that the vector or text in field `index` lies within the buffer; its items have `bytes` bytes. */
  check(index: number, bytes: number): void {
    this.#vector(index, bytes);
  }

  #vector(index: number, bytes: number): { readonly at: number; readonly length: number } {
    const field = this.#position(index);
    if (field === null) return { at: 0, length: 0 };
    const start = field + this.#view.getUint32(field, true), length = this.#view.getUint32(start, true);
    if (start + 4 + length * bytes > this.#view.byteLength) {
      throw new RangeError(
        `a list of ${length} items does not fit into its message of ${this.#view.byteLength} bytes`,
      );
    }
    return { at: start + 4, length };
  }

  #position(index: number): number | null {
    const entry = 4 + 2 * index;
    if (entry + 2 > this.#size) return null;
    const offset = this.#view.getUint16(this.#fields + entry, true);
    return offset === 0 ? null : this.#at + offset;
  }
}
