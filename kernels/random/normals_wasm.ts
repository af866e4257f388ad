// @ts-nocheck: AssemblyScript, see build.ts
/**
 * Normally distributed numbers for kernels/random/philox.ts: Philox4x32-10 on four counters at once, followed
 * by the Box-Muller transform in float32. The transform uses no fused multiply-add, so that every machine
 * computes the same bits. The absolute error is below 1e-6. This file is compiled to a WASM module of its
 * own, with its own memory.
 *
 * @module
 */

/** Address that `draw` writes to; the module's memory has 65,536 floats from here on. */
export const OUT: usize = 65536;

const ONE = memory.data<f32>([1], 4);
const TWO = memory.data<f32>([2], 4);
const MINUS_UNIT = memory.data<f32>([-1.0 / 4294967296.0], 4);
const LN2 = memory.data<f32>([0.6931471805599453], 4);
const L3 = memory.data<f32>([1.0 / 3.0], 4);
const L5 = memory.data<f32>([1.0 / 5.0], 4);
const L7 = memory.data<f32>([1.0 / 7.0], 4);
const L9 = memory.data<f32>([1.0 / 9.0], 4);
const TURN = memory.data<f32>([6.283185307179586 / 4294967296.0], 4);
const S3 = memory.data<f32>([-1.0 / 6.0], 4);
const S5 = memory.data<f32>([1.0 / 120.0], 4);
const S7 = memory.data<f32>([-1.0 / 5040.0], 4);
const S9 = memory.data<f32>([1.0 / 362880.0], 4);
const C2 = memory.data<f32>([-1.0 / 2.0], 4);
const C4 = memory.data<f32>([1.0 / 24.0], 4);
const C6 = memory.data<f32>([-1.0 / 720.0], 4);
const C8 = memory.data<f32>([1.0 / 40320.0], 4);
const ROOT_HALF_WORD = memory.data<u32>([0xB504F333], 4); // `2^32 / sqrt(2)`
const ROOT_HALF_BITS = memory.data<u32>([0x3F3504F3], 4); // `1 / sqrt(2)` as a float

/**
 * Writes normally distributed numbers of standard deviation `std` to OUT: four for each of the counters block
 * … `block + blocks - 1`, where `blocks` is rounded up to a multiple of 4 and is at most 16,384. The
 * counter's third word is `seedHigh`; the key is `seedLow` and `name`.
 */
export function draw(blocks: i32, block: i32, seedLow: i32, seedHigh: i32, name: i32, std: f32): void {
  const factor = f32x4.splat(-2 * std * std), zero = i32x4.splat(0), third = i32x4.splat(seedHigh);
  const m0 = i32x4.splat(0xD2511F53), m1 = i32x4.splat(0xCD9E8D57);
  const w0 = i32x4.splat(0x9E3779B9), w1 = i32x4.splat(0xBB67AE85);
  const low = i32x4.splat(seedLow), high = i32x4.splat(name);
  let lanes = i32x4.add(i32x4.splat(block), i32x4(0, 1, 2, 3));
  let out = OUT;
  for (let i = 0; i < blocks; i += 4, out += 64) {
    let c0 = lanes, c1 = zero, c2 = third, c3 = zero, k0 = low, k1 = high;
    lanes = i32x4.add(lanes, i32x4.splat(4));
    for (let round = 0; round < 10; round++) {
      const a = i64x2.extmul_low_i32x4_u(c0, m0), b = i64x2.extmul_high_i32x4_u(c0, m0);
      const c = i64x2.extmul_low_i32x4_u(c2, m1), d = i64x2.extmul_high_i32x4_u(c2, m1);
      c0 = v128.xor(v128.xor(v128.shuffle<i32>(c, d, 1, 3, 5, 7), c1), k0);
      c1 = v128.shuffle<i32>(c, d, 0, 2, 4, 6);
      c2 = v128.xor(v128.xor(v128.shuffle<i32>(a, b, 1, 3, 5, 7), c3), k1);
      c3 = v128.shuffle<i32>(a, b, 0, 2, 4, 6);
      k0 = i32x4.add(k0, w0);
      k1 = i32x4.add(k1, w1);
    }
    const r0 = radius(c0, factor), r1 = radius(c2, factor);
    const q0 = quarter(c1),
      a0 = angle(c1, q0),
      z0 = f32x4.mul(a0, a0),
      s0 = sineOf(a0, z0),
      t0 = cosineOf(z0);
    const q1 = quarter(c3),
      a1 = angle(c3, q1),
      z1 = f32x4.mul(a1, a1),
      s1 = sineOf(a1, z1),
      t1 = cosineOf(z1);
    const x0 = f32x4.mul(r0, turned(t0, s0, q0, 1)), x1 = f32x4.mul(r0, turned(s0, t0, q0, 0));
    const x2 = f32x4.mul(r1, turned(t1, s1, q1, 1)), x3 = f32x4.mul(r1, turned(s1, t1, q1, 0));
    // Each lane holds one block of four numbers; transposes them so that the blocks are contiguous in memory.
    const low01 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5), low23 = v128.shuffle<f32>(x2, x3, 0, 4, 1, 5);
    const up01 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7), up23 = v128.shuffle<f32>(x2, x3, 2, 6, 3, 7);
    v128.store(out, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
    v128.store(out, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7), 16);
    v128.store(out, v128.shuffle<f32>(up01, up23, 0, 1, 4, 5), 32);
    v128.store(out, v128.shuffle<f32>(up01, up23, 2, 3, 6, 7), 48);
  }
}

/**
 * Returns `sqrt(factor · ln u)` for `u = (word + 1) / 2^32` in (0, 1]. For `u = m 2^e` with `m` in [0.707,
 * 1.414), `ln u` is `e ln 2 + 2 atanh((m - 1) / (m + 1))`. For `u` near 1, `ln u` is computed from `1 - u`,
 * which can be computed exactly from the inverted word.
 */
function radius(word: v128, factor: v128): v128 {
  const near = i32x4.gt_u(word, v128.load32_splat(ROOT_HALF_WORD));
  const count = f32x4.convert_i32x4_u(v128.xor(word, near)); // `2^32 u - 1`; for `u` near 1, `2^32 (1 - u)`
  const bits = f32x4.add(count, v128.load32_splat(ONE));
  const exponent = i32x4.shr_s(i32x4.sub(bits, v128.load32_splat(ROOT_HALF_BITS)), 23);
  const m = i32x4.sub(bits, i32x4.shl(exponent, 23));
  const f = v128.bitselect(
    f32x4.mul(count, v128.load32_splat(MINUS_UNIT)),
    f32x4.sub(m, v128.load32_splat(ONE)),
    near,
  );
  const e = f32x4.convert_i32x4_s(v128.andnot(i32x4.sub(exponent, i32x4.splat(32)), near));
  const s = f32x4.div(f, f32x4.add(f, v128.load32_splat(TWO))), z = f32x4.mul(s, s);
  let p = f32x4.add(f32x4.mul(v128.load32_splat(L9), z), v128.load32_splat(L7));
  p = f32x4.add(f32x4.mul(p, z), v128.load32_splat(L5));
  p = f32x4.add(f32x4.mul(p, z), v128.load32_splat(L3));
  p = f32x4.add(f32x4.mul(p, z), v128.load32_splat(ONE));
  const twice = f32x4.add(s, s);
  const log = f32x4.add(f32x4.mul(e, v128.load32_splat(LN2)), f32x4.mul(p, twice));
  return f32x4.sqrt(f32x4.mul(log, factor));
}

/** Returns the Taylor series of `sin a` for `|a| <= π / 4`, with `z = a²`. */
function sineOf(a: v128, z: v128): v128 {
  let s = f32x4.add(f32x4.mul(v128.load32_splat(S9), z), v128.load32_splat(S7));
  s = f32x4.add(f32x4.mul(s, z), v128.load32_splat(S5));
  s = f32x4.add(f32x4.mul(s, z), v128.load32_splat(S3));
  return f32x4.add(f32x4.mul(f32x4.mul(s, z), a), a);
}

/** Returns the Taylor series of `cos a` for `|a| <= π / 4`, with `z = a²`. */
function cosineOf(z: v128): v128 {
  let c = f32x4.add(f32x4.mul(v128.load32_splat(C8), z), v128.load32_splat(C6));
  c = f32x4.add(f32x4.mul(c, z), v128.load32_splat(C4));
  c = f32x4.add(f32x4.mul(c, z), v128.load32_splat(C2));
  return f32x4.add(f32x4.mul(c, z), v128.load32_splat(ONE));
}

/** Returns the angle of `word / 2^32` turns, rounded to a whole number of quarter turns, modulo 4. */
function quarter(word: v128): v128 {
  return i32x4.shr_u(i32x4.add(word, i32x4.splat(0x20000000)), 30);
}

/**
 * Returns the difference between the angle of `word / 2^32` turns and its rounded value `quarter`, in
 * radians.
 */
function angle(word: v128, quarter: v128): v128 {
  const rest = i32x4.sub(word, i32x4.shl(quarter, 30));
  return f32x4.mul(f32x4.convert_i32x4_s(rest), v128.load32_splat(TURN));
}

/**
 * Returns the sine or cosine of the whole angle: `even` if `quarter` is even, else `odd`. It is negated if
 * bit 1 of `quarter + ahead` is set.
 */
function turned(even: v128, odd: v128, quarter: v128, ahead: i32): v128 {
  const isOdd = i32x4.shr_s(i32x4.shl(quarter, 31), 31);
  const sign = i32x4.shl(i32x4.shr_u(i32x4.add(quarter, i32x4.splat(ahead)), 1), 31);
  return v128.xor(v128.bitselect(odd, even, isOdd), sign);
}
