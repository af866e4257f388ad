/**
 * The head of a GGUF file, version 3: metadata, then name, shape, type and place of each tensor.
 *
 * @module
 */
import { GGUF_MAGIC } from "./header.ts";

/** A value of the metadata with its type in the file. */
export type GgufField =
  | { readonly type: "u32" | "i32" | "f32"; readonly value: number }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "strings"; readonly value: readonly string[] }
  | { readonly type: "i32s" | "f32s"; readonly value: readonly number[] };

/** Fields of the metadata, in order. */
export type GgufFields = ReadonlyMap<string, GgufField>;

/** A tensor to be written. */
export interface GgufTensorPlan {
  readonly name: string;
  /** Sizes, the last one fastest. */
  readonly shape: readonly number[];
  /** Number of its type. */
  readonly type: number;
  /** Number of bytes. */
  readonly bytes: number;
}

/** Multiple of bytes at which tensors begin. */
export const GGUF_ALIGNMENT = 32;

const numbers = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9 } as const;

/** Returns the head, padded so that the first tensor follows. */
export function ggufHead(fields: GgufFields, tensors: readonly GgufTensorPlan[]): Uint8Array<ArrayBuffer> {
  const out = new Bytes();
  out.raw(new TextEncoder().encode(GGUF_MAGIC)).u32(3).u64(tensors.length).u64(fields.size);
  for (const [key, field] of fields) {
    out.string(key);
    writeField(out, field);
  }
  let offset = 0;
  for (const { name, shape, type, bytes } of tensors) {
    out.string(name).u32(shape.length);
    for (const size of shape.toReversed()) out.u64(size);
    out.u32(type).u64(offset);
    offset += aligned(bytes);
  }
  return out.padded();
}

/** Returns a number of bytes rounded up to the alignment. */
export function aligned(bytes: number): number {
  return Math.ceil(bytes / GGUF_ALIGNMENT) * GGUF_ALIGNMENT;
}

function writeField(out: Bytes, field: GgufField): void {
  const array = (type: keyof typeof numbers, items: readonly unknown[]): Bytes =>
    out.u32(numbers.array).u32(numbers[type]).u64(items.length);
  switch (field.type) {
    case "u32":
    case "i32":
      out.u32(numbers[field.type]).u32(field.value);
      return;
    case "f32":
      out.u32(numbers.f32).f32(field.value);
      return;
    case "bool":
      out.u32(numbers.bool).raw(Uint8Array.of(field.value ? 1 : 0));
      return;
    case "string":
      out.u32(numbers.string).string(field.value);
      return;
    case "strings":
      array("string", field.value);
      for (const item of field.value) out.string(item);
      return;
    case "i32s":
      array("i32", field.value);
      for (const item of field.value) out.u32(item);
      return;
    case "f32s":
      array("f32", field.value);
      for (const item of field.value) out.f32(item);
      return;
  }
}

/** Bytes that grow, little-endian. */
class Bytes {
  #bytes = new Uint8Array(1 << 16);
  #length = 0;

  raw(bytes: Uint8Array): this {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  u32(value: number): this {
    const view = this.#view(4);
    view.setUint32(0, value, true);
    return this;
  }

  f32(value: number): this {
    this.#view(4).setFloat32(0, value, true);
    return this;
  }

  u64(value: number): this {
    this.#view(8).setBigUint64(0, BigInt(value), true);
    return this;
  }

  string(text: string): this {
    const bytes = new TextEncoder().encode(text);
    return this.u64(bytes.length).raw(bytes);
  }

  padded(): Uint8Array<ArrayBuffer> {
    return this.raw(new Uint8Array(aligned(this.#length) - this.#length)).#bytes.slice(0, this.#length);
  }

  #view(bytes: number): DataView {
    this.#room(bytes);
    this.#length += bytes;
    return new DataView(this.#bytes.buffer, this.#length - bytes, bytes);
  }

  #room(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + bytes));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}
