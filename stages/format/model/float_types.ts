/**
 * Floats as files hold them: float32, bfloat16 (its upper half) and IEEE float16. Little-endian.
 *
 * @module
 */

/** Types that weights are written in. */
export type FloatType = "f32" | "bf16";

/** Bytes a value. */
export function floatBytes(dtype: FloatType): 2 | 4 {
  return dtype === "f32" ? 4 : 2;
}

/** Bytes of a file as float32; bfloat16 and float16 are widened, which is exact. Takes `bytes` over. */
export function widened(bytes: Uint8Array<ArrayBuffer>, dtype: FloatType | "f16"): Float32Array<ArrayBuffer> {
  if (dtype === "f32") return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < bits.length; i++) {
    bits[i] = dtype === "bf16" ? halves[i] << 16 : singleOfHalf(halves[i]);
  }
  return new Float32Array(bits.buffer);
}

/** float32 as bytes of a file; bfloat16 is rounded to the nearest, to the even one of two. A view where nothing changes. */
export function narrowed(values: Float32Array, dtype: FloatType): Uint8Array {
  if (dtype === "f32") return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(bits.length);
  for (let i = 0; i < bits.length; i++) {
    const x = bits[i], low = x & 0xFFFF;
    const isNaN = (x & 0x7FFFFFFF) > 0x7F800000;
    // A NaN must not be rounded to infinity: it is made a quiet one unless its upper half is one already.
    if (isNaN) halves[i] = low === 0 ? x >>> 16 : x >>> 16 | 0x40;
    else halves[i] = (x + 0x7FFF + (x >>> 16 & 1)) >>> 16;
  }
  return new Uint8Array(halves.buffer);
}

/** The bits of a float16 as those of a float32. */
function singleOfHalf(half: number): number {
  const sign = (half & 0x8000) << 16, exponent = half >>> 10 & 0x1F, fraction = half & 0x3FF;
  if (exponent === 0x1F) return sign | 0x7F800000 | fraction << 13;
  if (exponent !== 0) return sign | exponent + 112 << 23 | fraction << 13; // 127 - 15
  if (fraction === 0) return sign;
  const shift = Math.clz32(fraction) - 21; // a subnormal has its leading one anywhere
  return sign | 113 - shift << 23 | (fraction << shift & 0x3FF) << 13;
}
