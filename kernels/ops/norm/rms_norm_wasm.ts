// @ts-nocheck: AssemblyScript, see build.ts
/**
 * WASM kernels of kernels/ops/norm/rms_norm.ts, one row at a time, so that the row stays in the processor's
 * cache.
 *
 * @module
 */
import { first, size, tensor } from "../../wasm/call.ts";
import { fillRun } from "../../wasm/fill.ts";
import { madd } from "../../wasm/madd.ts";
import { dotRun, lanes, loadPart, storePart } from "../../wasm/vector.ts";

/** Computes `y` and `rrms` from `x` and `weight`. `args`: rows, C, eps. */
export function rms_norm(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const x = tensor(tensors, 0),
    weight = tensor(tensors, 1),
    y = tensor(tensors, 2),
    rrmss = tensor(tensors, 3);
  const rows = size(args, 0), columns = size(args, 1), eps = load<f64>(args, 16), stride = columns << 2;
  const end = first(rows, 1, thread + 1, threads);
  for (let row = first(rows, 1, thread, threads); row < end; row++) {
    const from = x + row * stride, to = y + row * stride;
    const rrms = <f32> (1 / sqrt(dotRun(from, from, columns) / <f64> columns + eps));
    scaleRow(from, weight, columns, rrms, to);
    store<f32>(rrmss + (row << 2), rrms);
  }
}

/** Computes `y = x · weight · factor` for a row. */
function scaleRow(x: usize, weight: usize, columns: usize, factor: f32, y: usize): void {
  const by = f32x4.splat(factor), last = (columns & ~3) << 2, pairs = (columns & ~7) << 2, rest = columns & 3;
  let at: usize = 0;
  for (; at < pairs; at += 32) {
    const y0 = f32x4.mul(f32x4.mul(v128.load(x + at), by), v128.load(weight + at));
    const y1 = f32x4.mul(f32x4.mul(v128.load(x + at, 16), by), v128.load(weight + at, 16));
    v128.store(y + at, y0);
    v128.store(y + at, y1, 16);
  }
  if (at < last) {
    v128.store(y + at, f32x4.mul(f32x4.mul(v128.load(x + at), by), v128.load(weight + at)));
    at += 16;
  }
  if (rest > 0) {
    const part = f32x4.mul(f32x4.mul(loadPart(x + at, rest, 0), by), loadPart(weight + at, rest, 0));
    storePart(y + at, part, rest);
  }
}

/**
 * Computes `dx` and partial sums [blocks, C] from `x`, `weight`, `rrms` and `dy`. `args`: rows, C, rows per
 * block.
 *
 * The formula is `dx = rrms * (g - norm * mean(g * norm))` with `g = weight * dy` and `norm = x * rrms`. The
 * partial sums are the sums of `dy * norm` over a block of rows. A thread computes whole blocks.
 */
export function rms_norm_grad(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const x = tensor(tensors, 0), weight = tensor(tensors, 1), rrmss = tensor(tensors, 2);
  const dy = tensor(tensors, 3), dx = tensor(tensors, 4), partials = tensor(tensors, 5);
  const rows = size(args, 0), columns = size(args, 1), block = size(args, 2), stride = columns << 2;
  const blocks = (rows + block - 1) / block, end = first(blocks, 1, thread + 1, threads);
  for (let i = first(blocks, 1, thread, threads); i < end; i++) {
    const ofWeight = partials + i * stride, stop = min((i + 1) * block, rows);
    fillRun(ofWeight, columns, 0);
    for (let row = i * block; row < stop; row++) {
      const from = x + row * stride, grad = dy + row * stride, rrms = load<f32>(rrmss + (row << 2));
      const mean = <f32> (gradientDot(from, grad, weight, columns, rrms) / <f64> columns);
      gradientRow(from, grad, weight, columns, rrms, mean, dx + row * stride, ofWeight);
    }
  }
}

/** Returns the sum of `g * norm` over a row. */
function gradientDot(x: usize, dy: usize, weight: usize, columns: usize, rrmsOne: f32): f64 {
  const rrms = f32x4.splat(rrmsOne),
    last = (columns & ~3) << 2,
    pairs = (columns & ~7) << 2,
    rest = columns & 3;
  let a = f32x4.splat(0), b = a, at: usize = 0;
  for (; at < pairs; at += 32) {
    a = madd(f32x4.mul(v128.load(weight + at), v128.load(dy + at)), f32x4.mul(v128.load(x + at), rrms), a);
    const h = f32x4.mul(v128.load(weight + at, 16), v128.load(dy + at, 16));
    b = madd(h, f32x4.mul(v128.load(x + at, 16), rrms), b);
  }
  if (at < last) {
    a = madd(f32x4.mul(v128.load(weight + at), v128.load(dy + at)), f32x4.mul(v128.load(x + at), rrms), a);
    at += 16;
  }
  if (rest > 0) {
    const g = f32x4.mul(loadPart(weight + at, rest, 0), loadPart(dy + at, rest, 0));
    b = madd(g, f32x4.mul(loadPart(x + at, rest, 0), rrms), b);
  }
  return lanes(f32x4.add(a, b));
}

/** Computes `dx` of a row, given `mean(g * norm)`; adds the row to the block's sums for `dweight`. */
function gradientRow(
  x: usize,
  dy: usize,
  weight: usize,
  columns: usize,
  rrmsOne: f32,
  meanOne: f32,
  dx: usize,
  ofWeight: usize,
): void {
  const rrms = f32x4.splat(rrmsOne), mean = f32x4.splat(meanOne);
  const last = (columns & ~3) << 2, pairs = (columns & ~7) << 2, rest = columns & 3;
  let at: usize = 0;
  for (; at < pairs; at += 32) {
    const d0 = v128.load(dy + at), d1 = v128.load(dy + at, 16);
    const norm0 = f32x4.mul(v128.load(x + at), rrms), norm1 = f32x4.mul(v128.load(x + at, 16), rrms);
    const w0 = madd(d0, norm0, v128.load(ofWeight + at)), w1 = madd(d1, norm1, v128.load(ofWeight + at, 16));
    const g0 = f32x4.mul(v128.load(weight + at), d0), g1 = f32x4.mul(v128.load(weight + at, 16), d1);
    const dx0 = f32x4.mul(rrms, f32x4.sub(g0, f32x4.mul(norm0, mean)));
    const dx1 = f32x4.mul(rrms, f32x4.sub(g1, f32x4.mul(norm1, mean)));
    v128.store(dx + at, dx0);
    v128.store(dx + at, dx1, 16);
    v128.store(ofWeight + at, w0);
    v128.store(ofWeight + at, w1, 16);
  }
  for (; at < last; at += 16) {
    const d = v128.load(dy + at), norm = f32x4.mul(v128.load(x + at), rrms);
    const g = f32x4.mul(v128.load(weight + at), d);
    v128.store(dx + at, f32x4.mul(rrms, f32x4.sub(g, f32x4.mul(norm, mean))));
    v128.store(ofWeight + at, madd(d, norm, v128.load(ofWeight + at)));
  }
  if (rest > 0) {
    const d = loadPart(dy + at, rest, 0), norm = f32x4.mul(loadPart(x + at, rest, 0), rrms);
    const g = f32x4.mul(loadPart(weight + at, rest, 0), d);
    storePart(dx + at, f32x4.mul(rrms, f32x4.sub(g, f32x4.mul(norm, mean))), rest);
    storePart(ofWeight + at, madd(d, norm, loadPart(ofWeight + at, rest, 0)), rest);
  }
}
