// @ts-nocheck: AssemblyScript, see build.ts
/**
 * WASM kernels of kernels/ops/attention/softmax.ts, one row at a time, so that the row stays in the
 * processor's cache.
 *
 * @module
 */
import { first, size, tensor } from "../../wasm/call.ts";
import { exp } from "../../wasm/math.ts";
import { fillRun } from "../../wasm/fill.ts";
import { dotRun, lanes, largest, loadPart, storePart } from "../../wasm/vector.ts";

/**
 * Computes `y` from `x` [rows, C]. `args`: rows, C, causal. If causal is 1, the rows form matrices of C rows,
 * and row `r` of a matrix uses its first `r + 1` columns.
 */
export function softmax(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const x = tensor(tensors, 0), y = tensor(tensors, 1);
  const rows = size(args, 0), columns = size(args, 1), causal = size(args, 2) == 1;
  const end = first(rows, 1, thread + 1, threads);
  for (let row = first(rows, 1, thread, threads); row < end; row++) {
    const n = causal ? row % columns + 1 : columns, at = (row * columns) << 2;
    softmaxRow(x + at, y + at, n);
    fillRun(y + at + (n << 2), columns - n, 0);
  }
}

function softmaxRow(x: usize, y: usize, n: usize): void {
  const whole = (n & ~3) << 2, rest = n & 3;
  let top4 = f32x4.splat(-Infinity), at: usize = 0;
  for (; at < whole; at += 16) top4 = f32x4.pmax(top4, v128.load(x + at));
  if (rest > 0) top4 = f32x4.pmax(top4, loadPart(x + at, rest, -Infinity));
  const top = f32x4.splat(largest(top4));
  let total: f64 = 0;
  for (at = 0; at < whole;) {
    const stop = min(at + 4096, whole);
    let sum = f32x4.splat(0);
    for (; at < stop; at += 16) {
      const e = exp(f32x4.sub(v128.load(x + at), top));
      v128.store(y + at, e);
      sum = f32x4.add(sum, e);
    }
    total += lanes(sum);
  }
  if (rest > 0) {
    const e = exp(f32x4.sub(loadPart(x + at, rest, -Infinity), top));
    storePart(y + at, e, rest);
    total += lanes(e);
  }
  const by = f32x4.splat(<f32> (1 / total));
  for (at = 0; at < whole; at += 16) v128.store(y + at, f32x4.mul(v128.load(y + at), by));
  if (rest > 0) storePart(y + at, f32x4.mul(loadPart(y + at, rest, 0), by), rest);
}

/** Computes `dx = y * (dy - sum(y * dy))` from `y` and `dy` [rows, C]. `args`: rows, C. */
export function softmax_grad(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const ys = tensor(tensors, 0), dys = tensor(tensors, 1), dxs = tensor(tensors, 2);
  const rows = size(args, 0), columns = size(args, 1);
  const end = first(rows, 1, thread + 1, threads), whole = (columns & ~3) << 2, rest = columns & 3;
  for (let row = first(rows, 1, thread, threads); row < end; row++) {
    const start = (row * columns) << 2, y = ys + start, dy = dys + start, dx = dxs + start;
    const dot = f32x4.splat(<f32> dotRun(y, dy, columns));
    let at: usize = 0;
    for (; at < whole; at += 16) {
      v128.store(dx + at, f32x4.mul(v128.load(y + at), f32x4.sub(v128.load(dy + at), dot)));
    }
    if (rest > 0) {
      storePart(
        dx + at,
        f32x4.mul(loadPart(y + at, rest, 0), f32x4.sub(loadPart(dy + at, rest, 0), dot)),
        rest,
      );
    }
  }
}
