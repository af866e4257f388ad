// @ts-nocheck: AssemblyScript, see build.ts
/**
 * Dropout of attention weights, for attention_wasm.ts. The mask is computed as in
 * kernels/ops/dropout/dropout_mask.ts, with one row per query of each head and one column per key.
 *
 * @module
 */
import { masked, wordsByColumn, wordsByRow } from "../dropout/dropout_mask_wasm.ts";
import { exp } from "../../wasm/math.ts";

/**
 * Applies the mask to the weights of four queries; the weights are stored as [keys][8 queries]. `row` is the
 * mask row of the first query; `column`, a multiple of 4, is the mask column of the first key. `words` is 64
 * bytes of scratch.
 */
export function dropByKey(
  weights: usize,
  keys: usize,
  row: usize,
  column: usize,
  key: usize,
  draw: usize,
  threshold: u32,
  words: usize,
): void {
  for (let first: usize = 0; first < keys; first += 4) {
    wordsByColumn(<u32> row, <u32> ((column + first) >> 2), key, draw, words);
    for (let i: usize = 0; i < 4; i++) {
      const at = weights + ((first + i) << 5);
      v128.store(at, masked(v128.load(at), v128.load(words + (i << 4)), threshold));
    }
  }
}

/**
 * Works like `scoreGradsOf` of attention_wasm.ts, but with dropout:
 * `scoreGrads[query][8 keys] = weight * (m * g - delta)`. Here `g` is the previous value of `scoreGrads`, the
 * gradient of the weight, and `m` is 0 for a dropped weight and `scale` for the others. Each score is
 * replaced by `m * weight`. `from` and `to` are multiples of 4.
 */
export function droppedScoreGrads(
  scores: usize,
  scoreGrads: usize,
  from: usize,
  to: usize,
  lse: usize,
  delta: usize,
  row: usize,
  column: usize,
  key: usize,
  draw: usize,
  threshold: u32,
  scale: f32,
  words: usize,
): void {
  const scale4 = f32x4.splat(scale);
  for (let query = from; query < to; query += 4) {
    for (let half: usize = 0; half < 2; half++) {
      wordsByRow(<u32> (row + query), <u32> ((column >> 2) + half), key, draw, words);
      for (let i: usize = 0; i < 4; i++) {
        const at = ((query + i) << 5) + (half << 4), p = scores + at, g = scoreGrads + at;
        const lse4 = v128.load32_splat(lse + ((query + i) << 2));
        const delta4 = v128.load32_splat(delta + ((query + i) << 2));
        const m = masked(scale4, v128.load(words + (i << 4)), threshold);
        const w = exp(f32x4.sub(v128.load(p), lse4));
        v128.store(p, f32x4.mul(w, m));
        v128.store(g, f32x4.mul(w, f32x4.sub(f32x4.mul(v128.load(g), m), delta4)));
      }
    }
  }
}
