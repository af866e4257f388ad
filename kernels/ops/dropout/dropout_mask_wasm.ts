// @ts-nocheck: AssemblyScript, see build.ts
/**
 * The random words of kernels/ops/dropout/dropout_mask.ts, for four rows and four columns at a time.
 *
 * @module
 */
import { philox } from "../../wasm/philox.ts";

/**
 * Writes the words of rows `row` … `row + 3` and columns `4·group` … `4·group + 3` to the address `to`, as
 * u32 [4 columns][4 rows].
 */
export function wordsByColumn(row: u32, group: u32, key: usize, draw: usize, to: usize): void {
  v128.store(to, i32x4.add(i32x4.splat(row), i32x4(0, 1, 2, 3)));
  v128.store(to, v128.load32_splat(draw), 16);
  v128.store(to, i32x4.splat(0), 32);
  v128.store(to, i32x4.splat(1 + group), 48);
  philox(to, load<u32>(key), load<u32>(key, 4));
}

/** Works like `wordsByColumn`, but in the layout [4 rows][4 columns]. */
export function wordsByRow(row: u32, group: u32, key: usize, draw: usize, to: usize): void {
  wordsByColumn(row, group, key, draw, to);
  const a = v128.load(to), b = v128.load(to, 16), c = v128.load(to, 32), d = v128.load(to, 48);
  const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5), ab2 = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5), cd2 = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i32>(ab, cd, 0, 1, 4, 5));
  v128.store(to, v128.shuffle<i32>(ab, cd, 2, 3, 6, 7), 16);
  v128.store(to, v128.shuffle<i32>(ab2, cd2, 0, 1, 4, 5), 32);
  v128.store(to, v128.shuffle<i32>(ab2, cd2, 2, 3, 6, 7), 48);
}

/** Returns, for each lane, `x` if the lane's word is at least the threshold, else 0. */
export function masked(x: v128, words: v128, threshold: u32): v128 {
  return v128.and(x, i32x4.ge_u(words, i32x4.splat(threshold)));
}
