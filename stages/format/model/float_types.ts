/**
 * Floating-point numbers in weight files, little-endian: float32, bfloat16 (the upper half of a float32) and
 * IEEE float16.
 *
 * @module
 */

/** Types in which weights are written. */
export type FloatType = "f32" | "bf16";

/** Number of bytes per value. */
export function floatBytes(dtype: FloatType): 2 | 4 {
  return dtype === "f32" ? 4 : 2;
}

/** Converts a file's bytes to float32 values without loss. For float32 bytes the result is a view. */
export function widened(bytes: Uint8Array<ArrayBuffer>, dtype: FloatType | "f16"): Float32Array<ArrayBuffer> {
  if (dtype === "f32") return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < bits.length; i++) {
    bits[i] = dtype === "bf16" ? halves[i] << 16 : singleOfHalf(halves[i]);
  }
  return new Float32Array(bits.buffer);
}

/**
 * Converts float32 values to a file's bytes. Values are rounded to the nearest bfloat16, ties to even; for
 * float32 the result is a view.
 */
export function narrowed(values: Float32Array, dtype: FloatType): Uint8Array {
  if (dtype === "f32") return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(bits.length);
  for (let i = 0; i < bits.length; i++) {
    const x = bits[i], low = x & 0xFFFF;
    const isNaN = (x & 0x7FFFFFFF) > 0x7F800000;
    // Rounding a NaN, or dropping its lower half, could turn it into infinity. The quiet bit prevents this.
    if (isNaN) halves[i] = low === 0 ? x >>> 16 : x >>> 16 | 0x40;
    else halves[i] = (x + 0x7FFF + (x >>> 16 & 1)) >>> 16;
  }
  return new Uint8Array(halves.buffer);
}

/** Returns the bits of the float32 that equals a float16. */
function singleOfHalf(half: number): number {
  const sign = (half & 0x8000) << 16, exponent = half >>> 10 & 0x1F, fraction = half & 0x3FF;
  if (exponent === 0x1F) return sign | 0x7F800000 | fraction << 13;
  if (exponent !== 0) return sign | exponent + 112 << 23 | fraction << 13; // exponent biases: 127 - 15
  if (fraction === 0) return sign;
  const shift = Math.clz32(fraction) - 21; // a subnormal: its leading one becomes the float32's implicit one
  return sign | 113 - shift << 23 | (fraction << shift & 0x3FF) << 13;
}
