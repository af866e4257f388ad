/**
 * Thrift's compact protocol, in which Parquet's headers are written. Every length is checked against the
 * bytes that are left. Source: Apache Thrift, "Thrift Compact protocol encoding".
 *
 * @module
 */

/** A decoded value. Numbers beyond 2^53 are rounded; a length of that size is invalid anyway. */
export type ThriftValue = boolean | number | Uint8Array | readonly ThriftValue[] | ThriftStruct;
/** The values of a struct, keyed by field number. */
export type ThriftStruct = ReadonlyMap<number, ThriftValue>;

const MAX_DEPTH = 32; // Parquet's own structures are 6 deep
const MAX_VARINT_BYTES = 10; // enough for a 64-bit number

/**
 * Reads the struct at `offset`; `end` is the offset after it. Throws RangeError if the struct extends beyond
 * the end of `bytes`.
 */
export function readThrift(
  bytes: Uint8Array,
  offset: number,
): { readonly value: ThriftStruct; readonly end: number } {
  const reader = new ThriftReader(bytes, offset);
  const value = reader.struct(0);
  return { value, end: reader.at };
}

class ThriftReader {
  readonly #view: DataView;

  constructor(readonly bytes: Uint8Array, public at: number) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  struct(depth: number): ThriftStruct {
    if (depth > MAX_DEPTH) throw new RangeError(`thrift structures are nested more than ${MAX_DEPTH} deep`);
    const fields = new Map<number, ThriftValue>();
    for (let id = 0;;) {
      const head = this.#byte();
      const type = head & 15;
      if (type === 0) return fields;
      id = head >> 4 === 0 ? this.#integer() : id + (head >> 4);
      fields.set(id, type <= 2 ? type === 1 : this.#value(type, depth));
    }
  }

  #value(type: number, depth: number): ThriftValue {
    switch (type) {
      case 1:
      case 2: // a boolean in a list takes one byte
        return this.#byte() === 1;
      case 3:
        return this.#byte() << 24 >> 24;
      case 4:
      case 5:
      case 6:
        return this.#integer();
      case 7:
        return this.#view.getFloat64(this.#take(8), true);
      case 8: {
        const size = this.#varint();
        const from = this.#take(size);
        return this.bytes.subarray(from, from + size);
      }
      case 9:
        return this.#list(depth);
      case 12:
        return this.struct(depth + 1);
      default:
        throw new RangeError(`thrift type ${type} at byte ${this.at} is not used in Parquet`);
    }
  }

  #list(depth: number): readonly ThriftValue[] {
    if (depth > MAX_DEPTH) throw new RangeError(`thrift lists are nested more than ${MAX_DEPTH} deep`);
    const head = this.#byte();
    const size = head >> 4 === 15 ? this.#varint() : head >> 4;
    if (size > this.bytes.length - this.at) { // each value takes at least one byte
      throw new RangeError(
        `thrift list has ${size} values, but only ${this.bytes.length - this.at} bytes are left`,
      );
    }
    const values: ThriftValue[] = [];
    for (let i = 0; i < size; i++) values.push(this.#value(head & 15, depth + 1));
    return values;
  }

  #integer(): number {
    const zigzag = this.#varint();
    return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
  }

  #varint(): number {
    let value = 0;
    for (let i = 0; i < MAX_VARINT_BYTES; i++) {
      const byte = this.#byte();
      value += (byte & 127) * 2 ** (7 * i);
      if (byte < 128) return value;
    }
    throw new RangeError(`thrift number before byte ${this.at} is longer than ${MAX_VARINT_BYTES} bytes`);
  }

  #byte(): number {
    return this.bytes[this.#take(1)];
  }

  #take(count: number): number {
    if (count > this.bytes.length - this.at) {
      throw new RangeError(
        `${count} bytes expected at byte ${this.at}, but only ${this.bytes.length - this.at} are left`,
      );
    }
    this.at += count;
    return this.at - count;
  }
}
