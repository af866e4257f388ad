// @ts-nocheck: AssemblyScript, see build.ts
/**
 * Dropout of attention's weights, for attention.ts: the mask is that of kernels/ops/dropout/dropout_mask.ts,
 * a row for each query of each head, a column a key.
 *
 * @module
 */
import { kept, wordsByColumn, wordsByRow } from "../dropout/dropout_mask_wasm.ts";
import { exp } from "../../wasm/math.ts";

/**
 * Drops of weights [keys][8 queries] those of four queries, the first of them `row`, the first key `column`,
 * a multiple of 4. words: 64 bytes of scratch.
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
      v128.store(at, kept(v128.load(at), v128.load(words + (i << 4)), threshold));
    }
  }
}

/**
 * As slopesByStep of attention.ts, from and to multiples of 4, with m what dropout makes of 1 (0 or `scale`):
 * slopes[query][8 keys] = weight (m slope - delta), and scores become m weight.
 */
export function droppedSlopesByStep(
  scores: usize,
  slopes: usize,
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
        const at = ((query + i) << 5) + (half << 4), p = scores + at, g = slopes + at;
        const lse4 = v128.load32_splat(lse + ((query + i) << 2));
        const delta4 = v128.load32_splat(delta + ((query + i) << 2));
        const m = kept(scale4, v128.load(words + (i << 4)), threshold);
        const w = exp(f32x4.sub(v128.load(p), lse4));
        v128.store(p, f32x4.mul(w, m));
        v128.store(g, f32x4.mul(w, f32x4.sub(f32x4.mul(v128.load(g), m), delta4)));
      }
    }
  }
}
