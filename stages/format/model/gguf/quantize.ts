/**
 * Writes float32 values in the types of GGUF files that are written: F32, F16, BF16 and Q8_0.
 * Source: the `gguf` package, whose bytes these are.
 *
 * @module
 */
import { narrowed } from "../float_types.ts";

/** Types in which the matrices of a model are written. */
export const ggufDtypes = ["f32", "f16", "bf16", "q8_0"] as const;

/** A type in which the matrices of a model are written. */
export type GgufDtype = typeof ggufDtypes[number];

/** Number of a type in files, bytes and values of a block, and `general.file_type` of a model of it. */
export const ggufDtypeInfo: Readonly<
  Record<GgufDtype, Readonly<Record<"number" | "bytes" | "values" | "fileType", number>>>
> = {
  f32: { number: 0, bytes: 4, values: 1, fileType: 0 },
  f16: { number: 1, bytes: 2, values: 1, fileType: 1 },
  bf16: { number: 30, bytes: 2, values: 1, fileType: 32 },
  q8_0: { number: 8, bytes: 34, values: 32, fileType: 7 },
};

/**
 * Returns the bytes of values. Throws RangeError for a finite value beyond 65504 in F16, and in Q8_0 for NaN
 * and for values whose scale is not finite in float16.
 */
export function quantized(values: Float32Array, dtype: GgufDtype): Uint8Array {
  switch (dtype) {
    case "f32":
    case "bf16":
      return narrowed(values, dtype);
    case "f16": {
      const halves = Float16Array.from(values);
      const bad = halves.findIndex((half, i) =>
        Math.abs(half) === Infinity && Math.abs(values[i]) !== Infinity
      );
      if (bad >= 0) throw new RangeError(`value ${values[bad]} is beyond those of F16: give --dtype bf16`);
      return new Uint8Array(halves.buffer);
    }
    case "q8_0":
      return eightBits(values);
  }
}

const { fround, abs, floor, sign } = Math;

/** Quantises blocks of 32 values: a float16 scale, then the values in units of it. */
function eightBits(values: Float32Array): Uint8Array {
  const { bytes, values: size } = ggufDtypeInfo.q8_0, blocks = values.length / size;
  const out = new Uint8Array(blocks * bytes), view = new DataView(out.buffer);
  for (let block = 0; block < blocks; block++) {
    const from = block * size;
    let most = 0;
    for (let j = 0; j < size; j++) most = Math.max(most, abs(values[from + j]));
    const scale = fround(most / 127), inverse = scale === 0 ? 0 : fround(1 / scale);
    if (!Number.isFinite(Math.f16round(scale))) {
      throw new RangeError(`a value of ${most} is beyond those of Q8_0: give --dtype f32`);
    }
    view.setFloat16(block * bytes, scale, true);
    for (let j = 0; j < size; j++) {
      const x = fround(values[from + j] * inverse), whole = floor(abs(x));
      view.setInt8(block * bytes + 2 + j, sign(x) * (whole + floor(2 * (abs(x) - whole)))); // halves up
    }
  }
  return out;
}
