// @ts-nocheck: AssemblyScript, see build.ts
/**
 * Philox4x32-10, as in kernels/random/philox.ts, for four counters at once in the lanes of vectors.
 *
 * @module
 */

// These constants are loaded from memory, for the reason given in kernels/wasm/math.ts.
const MULTIPLIER_0 = memory.data<u32>([0xD2511F53], 4);
const MULTIPLIER_1 = memory.data<u32>([0xCD9E8D57], 4);
const WEYL_0 = memory.data<u32>([0x9E3779B9], 4);
const WEYL_1 = memory.data<u32>([0xBB67AE85], 4);

/** Replaces four counters at `at`, u32 [4 words][4 counters], by their random words in the same layout. */
export function philox(at: usize, key0: u32, key1: u32): void {
  let c0 = v128.load(at), c1 = v128.load(at, 16), c2 = v128.load(at, 32), c3 = v128.load(at, 48);
  let k0 = i32x4.splat(key0), k1 = i32x4.splat(key1);
  const m0 = v128.load32_splat(MULTIPLIER_0), m1 = v128.load32_splat(MULTIPLIER_1);
  for (let round: i32 = 0; round < 10; round++) {
    // 64-bit products, two per vector: the low words are at indices 0, 2, 4 and 6 of a pair of vectors, and
    // each high word follows its low word.
    const a01 = i64x2.extmul_low_i32x4_u(c0, m0), a23 = i64x2.extmul_high_i32x4_u(c0, m0);
    const b01 = i64x2.extmul_low_i32x4_u(c2, m1), b23 = i64x2.extmul_high_i32x4_u(c2, m1);
    c0 = v128.xor(v128.xor(v128.shuffle<i32>(b01, b23, 1, 3, 5, 7), c1), k0);
    c2 = v128.xor(v128.xor(v128.shuffle<i32>(a01, a23, 1, 3, 5, 7), c3), k1);
    c1 = v128.shuffle<i32>(b01, b23, 0, 2, 4, 6);
    c3 = v128.shuffle<i32>(a01, a23, 0, 2, 4, 6);
    k0 = i32x4.add(k0, v128.load32_splat(WEYL_0));
    k1 = i32x4.add(k1, v128.load32_splat(WEYL_1));
  }
  v128.store(at, c0);
  v128.store(at, c1, 16);
  v128.store(at, c2, 32);
  v128.store(at, c3, 48);
}
