// @ts-nocheck: AssemblyScript, see build.ts
/**
 * The steps between the matrix products of attention, for use when a BLAS computes the products
 * (kernels/engine/cpu/attention.ts). They work on a block of queries, one row each, and on all keys up to the
 * last query of the block.
 *
 * @module
 */
import { exp, log64 } from "../../wasm/math.ts";
import { fillRun } from "../../wasm/fill.ts";
import { dotRun, lanes, largest, loadPart, storePart } from "../../wasm/vector.ts";

/**
 * Multiplies scores [rows, reach] by `scale` and replaces each row by its softmax. Row `i` belongs to query
 * `first + i`, which attends to the keys up to its own position; later keys get weight 0. The array `lse`
 * receives the log-sum-exp of each row.
 */
export function softmax_rows(
  scores: usize,
  rows: usize,
  reach: usize,
  first: usize,
  scale: f32,
  lse: usize,
): void {
  for (let i: usize = 0; i < rows; i++, scores += reach << 2, lse += 4) {
    const n = first + i + 1, rest = n & 3, end = scores + ((n & ~3) << 2), by = f32x4.splat(scale);
    let top4 = f32x4.splat(-Infinity);
    for (let p = scores; p < end; p += 16) top4 = f32x4.pmax(top4, v128.load(p));
    if (rest > 0) top4 = f32x4.pmax(top4, loadPart(end, rest, -Infinity));
    const top = largest(top4) * scale, shift = f32x4.splat(top);
    let sum4 = f32x4.splat(0);
    for (let p = scores; p < end; p += 16) {
      const e = exp(f32x4.sub(f32x4.mul(v128.load(p), by), shift));
      v128.store(p, e);
      sum4 = f32x4.add(sum4, e);
    }
    if (rest > 0) {
      const e = exp(f32x4.sub(f32x4.mul(loadPart(end, rest, -Infinity), by), shift));
      storePart(end, e, rest);
      sum4 = f32x4.add(sum4, e);
    }
    const sum = lanes(sum4), factor = f32x4.splat(<f32> (1 / sum));
    for (let p = scores; p < end; p += 16) v128.store(p, f32x4.mul(v128.load(p), factor));
    if (rest > 0) storePart(end, f32x4.mul(loadPart(end, rest, 0), factor), rest);
    fillRun(scores + (n << 2), reach - n, 0);
    store<f32>(lse, <f32> (<f64> top + log64(sum)));
  }
}

/**
 * Replaces scores [rows, reach] by the attention weights `w`, which are recomputed from `lse`. Replaces
 * `grads`, the gradients of the weights, by the gradients of the unscaled scores:
 * `scale * w * (grad - delta)`, where `delta` is the dot product of `out` and `dout` for the row's query.
 * Rows of `out` and `dout` are `stride` bytes apart.
 */
export function softmax_grad_rows(
  scores: usize,
  grads: usize,
  rows: usize,
  reach: usize,
  first: usize,
  scale: f32,
  lse: usize,
  out: usize,
  dout: usize,
  stride: usize,
  depth: usize,
): void {
  const by = f32x4.splat(scale);
  for (let i: usize = 0; i < rows; i++, lse += 4, out += stride, dout += stride) {
    const n = first + i + 1, rest = n & 3, whole = (n & ~3) << 2;
    const shift = v128.load32_splat(lse), delta = f32x4.splat(<f32> dotRun(out, dout, depth));
    for (let at: usize = 0; at < whole; at += 16) {
      const w = exp(f32x4.sub(f32x4.mul(v128.load(scores + at), by), shift));
      v128.store(scores + at, w);
      const grad = f32x4.mul(w, f32x4.sub(v128.load(grads + at), delta));
      v128.store(grads + at, f32x4.mul(grad, by));
    }
    if (rest > 0) {
      const w = exp(f32x4.sub(f32x4.mul(loadPart(scores + whole, rest, 0), by), shift));
      storePart(scores + whole, w, rest);
      const grad = f32x4.mul(w, f32x4.sub(loadPart(grads + whole, rest, 0), delta));
      storePart(grads + whole, f32x4.mul(grad, by), rest);
    }
    fillRun(scores + (n << 2), reach - n, 0);
    fillRun(grads + (n << 2), reach - n, 0);
    scores += reach << 2;
    grads += reach << 2;
  }
}
