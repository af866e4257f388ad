/**
 * Activations rounded to 8 bits, for 32 at a time: the nearest multiples of the largest size / 127. Source:
 * ggml's Q8_0, with rounding to even.
 *
 * @module
 */
const { fround } = Math;

/** Number of activations that share a scale. */
const BLOCK = 32;

/** Returns rounded activations, with the float32 operations of the kernels. */
export function roundedActivations(x: Float64Array): Float64Array {
  const out = new Float64Array(x.length);
  for (let at = 0; at < x.length; at += BLOCK) {
    const block = x.subarray(at, at + BLOCK),
      largest = block.reduce((top, v) => Math.max(top, Math.abs(v)), 0);
    const scale = fround(largest / 127), by = scale < 1e-30 ? 0 : fround(1 / scale);
    block.forEach((v, i) => out[at + i] = roundHalfEven(fround(v * by)) * scale);
  }
  return out;
}

function roundHalfEven(x: number): number {
  const below = Math.floor(x), rest = x - below;
  return below + (rest > 0.5 || rest === 0.5 && below % 2 !== 0 ? 1 : 0);
}

/** WGSL of a function that returns the scale of the 32 activations from vector `first` of `in0` on. */
export const activationScale = `fn activationScale(first: u32) -> f32 {
  var largest = vec4f();
  for (var i = 0u; i < 8u; i++) { largest = max(largest, abs(in0[first + i])); }
  return max(max(largest.x, largest.y), max(largest.z, largest.w)) / 127.0;
}`;
