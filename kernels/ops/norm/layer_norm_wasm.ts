// @ts-nocheck: AssemblyScript, see build.ts
/**
 * WASM kernels of kernels/ops/norm/layer_norm.ts, one row at a time, so that the row stays in the processor's
 * cache. The variance is biased (divided by C).
 *
 * @module
 */
import { first, size, tensor } from "../../wasm/call.ts";
import { columnSums } from "../../wasm/column_sums.ts";
import { fillRun } from "../../wasm/fill.ts";
import { madd } from "../../wasm/madd.ts";
import { lanes, loadPart, storePart, sumRun } from "../../wasm/vector.ts";

/** Computes `y`, `mean` and `rstd` from `x`, `weight` and `bias`. `args`: rows, C, eps. */
export function layer_norm(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const x = tensor(tensors, 0), weight = tensor(tensors, 1), bias = tensor(tensors, 2);
  const y = tensor(tensors, 3), means = tensor(tensors, 4), rstds = tensor(tensors, 5);
  const rows = size(args, 0), columns = size(args, 1), eps = load<f64>(args, 16);
  const whole = columns & ~3, rest = columns & 3;
  const end = first(rows, 1, thread + 1, threads);
  for (let row = first(rows, 1, thread, threads); row < end; row++) {
    const from = x + ((row * columns) << 2), to = y + ((row * columns) << 2);
    const mean = <f32> (sumRun(from, columns) / <f64> columns), mean4 = f32x4.splat(mean);
    let squares = f32x4.splat(0), squaresB = squares;
    let i: usize = 0;
    for (; i + 8 <= columns; i += 8) {
      const a = f32x4.sub(v128.load(from + (i << 2)), mean4);
      const b = f32x4.sub(v128.load(from + (i << 2), 16), mean4);
      squares = madd(a, a, squares);
      squaresB = madd(b, b, squaresB);
    }
    let total = lanes(f32x4.add(squares, squaresB));
    for (; i < columns; i++) {
      const d = <f64> (load<f32>(from + (i << 2)) - mean);
      total += d * d;
    }
    const rstd = <f32> (1 / sqrt(total / <f64> columns + eps)), rstd4 = f32x4.splat(rstd);
    for (i = 0; i + 8 <= whole; i += 8) {
      const at = i << 2;
      const norm0 = f32x4.mul(f32x4.sub(v128.load(from + at), mean4), rstd4);
      const norm1 = f32x4.mul(f32x4.sub(v128.load(from + at, 16), mean4), rstd4);
      const y0 = madd(norm0, v128.load(weight + at), v128.load(bias + at));
      const y1 = madd(norm1, v128.load(weight + at, 16), v128.load(bias + at, 16));
      v128.store(to + at, y0);
      v128.store(to + at, y1, 16);
    }
    for (; i < whole; i += 4) {
      const at = i << 2, norm = f32x4.mul(f32x4.sub(v128.load(from + at), mean4), rstd4);
      v128.store(to + at, madd(norm, v128.load(weight + at), v128.load(bias + at)));
    }
    if (rest > 0) {
      const at = whole << 2, norm = f32x4.mul(f32x4.sub(loadPart(from + at, rest, 0), mean4), rstd4);
      const w = loadPart(weight + at, rest, 0), b = loadPart(bias + at, rest, 0);
      storePart(to + at, madd(norm, w, b), rest);
    }
    store<f32>(means + (row << 2), mean);
    store<f32>(rstds + (row << 2), rstd);
  }
}

/**
 * Computes `dx` and partial sums [blocks, 2, C] from `x`, `weight`, `mean`, `rstd` and `dy`. `args`: rows, C,
 * rows per block.
 *
 * The formula is `dx = rstd * (g - mean(g) - norm * mean(g * norm))` with `g = weight * dy` and
 * `norm = (x - mean) * rstd`. The partial sums are the sums of `dy * norm` and of `dy` over a block of rows.
 * A thread computes whole blocks.
 */
export function layer_norm_grad(
  tensors: usize,
  args: usize,
  thread: i32,
  threads: i32,
  scratch: usize,
): void {
  const x = tensor(tensors, 0), weight = tensor(tensors, 1), means = tensor(tensors, 2);
  const rstds = tensor(tensors, 3), dy = tensor(tensors, 4), dx = tensor(tensors, 5);
  const partials = tensor(tensors, 6);
  const rows = size(args, 0), columns = size(args, 1), block = size(args, 2), stride = columns << 2;
  const blocks = (rows + block - 1) / block, end = first(blocks, 1, thread + 1, threads);
  for (let i = first(blocks, 1, thread, threads); i < end; i++) {
    const ofWeight = partials + 2 * i * stride, ofBias = ofWeight + stride;
    fillRun(ofWeight, 2 * columns, 0);
    const stop = min((i + 1) * block, rows);
    for (let row = i * block; row < stop; row++) {
      const from = x + row * stride, grad = dy + row * stride;
      const mean = load<f32>(means + (row << 2)), rstd = load<f32>(rstds + (row << 2));
      const sums = gradientSums(from, grad, weight, columns, mean, rstd);
      const g0 = <f32> (f64x2.extract_lane(sums, 0) / <f64> columns);
      const g1 = <f32> (f64x2.extract_lane(sums, 1) / <f64> columns);
      gradientRow(from, grad, weight, columns, mean, rstd, g0, g1, dx + row * stride, ofWeight, ofBias);
    }
  }
}

/** Returns the sums of `g` and of `g * norm` over a row. */
function gradientSums(x: usize, dy: usize, weight: usize, columns: usize, meanOne: f32, rstdOne: f32): v128 {
  const mean = f32x4.splat(meanOne), rstd = f32x4.splat(rstdOne);
  const last = (columns & ~3) << 2, pairs = (columns & ~7) << 2, rest = columns & 3;
  let a = f32x4.splat(0), b = a, c = a, d = a;
  let at: usize = 0;
  for (; at < pairs; at += 32) {
    const g = f32x4.mul(v128.load(weight + at), v128.load(dy + at));
    const h = f32x4.mul(v128.load(weight + at, 16), v128.load(dy + at, 16));
    a = f32x4.add(a, g);
    b = f32x4.add(b, h);
    c = madd(g, f32x4.mul(f32x4.sub(v128.load(x + at), mean), rstd), c);
    d = madd(h, f32x4.mul(f32x4.sub(v128.load(x + at, 16), mean), rstd), d);
  }
  for (; at < last; at += 16) {
    const g = f32x4.mul(v128.load(weight + at), v128.load(dy + at));
    a = f32x4.add(a, g);
    c = madd(g, f32x4.mul(f32x4.sub(v128.load(x + at), mean), rstd), c);
  }
  if (rest > 0) {
    const g = f32x4.mul(loadPart(weight + at, rest, 0), loadPart(dy + at, rest, 0));
    b = f32x4.add(b, g);
    d = madd(g, f32x4.mul(f32x4.sub(loadPart(x + at, rest, 0), mean), rstd), d);
  }
  return f64x2.replace_lane(f64x2.splat(lanes(f32x4.add(a, b))), 1, lanes(f32x4.add(c, d)));
}

/**
 * Computes `dx` of a row, given `mean(g) = g0` and `mean(g * norm) = g1`; adds the row to the block's sums
 * for `dweight` and `dbias`.
 */
function gradientRow(
  x: usize,
  dy: usize,
  weight: usize,
  columns: usize,
  meanOne: f32,
  rstdOne: f32,
  g0One: f32,
  g1One: f32,
  dx: usize,
  ofWeight: usize,
  ofBias: usize,
): void {
  const mean = f32x4.splat(meanOne), rstd = f32x4.splat(rstdOne);
  const g0 = f32x4.splat(g0One), g1 = f32x4.splat(g1One);
  const last = (columns & ~3) << 2, pairs = (columns & ~7) << 2, rest = columns & 3;
  let at: usize = 0;
  for (; at < pairs; at += 32) {
    const d0 = v128.load(dy + at), d1 = v128.load(dy + at, 16);
    const norm0 = f32x4.mul(f32x4.sub(v128.load(x + at), mean), rstd);
    const norm1 = f32x4.mul(f32x4.sub(v128.load(x + at, 16), mean), rstd);
    const w0 = madd(d0, norm0, v128.load(ofWeight + at)), w1 = madd(d1, norm1, v128.load(ofWeight + at, 16));
    const b0 = f32x4.add(v128.load(ofBias + at), d0), b1 = f32x4.add(v128.load(ofBias + at, 16), d1);
    const h0 = f32x4.sub(f32x4.mul(v128.load(weight + at), d0), g0);
    const h1 = f32x4.sub(f32x4.mul(v128.load(weight + at, 16), d1), g0);
    const dx0 = f32x4.mul(rstd, f32x4.sub(h0, f32x4.mul(norm0, g1)));
    const dx1 = f32x4.mul(rstd, f32x4.sub(h1, f32x4.mul(norm1, g1)));
    v128.store(dx + at, dx0);
    v128.store(dx + at, dx1, 16);
    v128.store(ofWeight + at, w0);
    v128.store(ofWeight + at, w1, 16);
    v128.store(ofBias + at, b0);
    v128.store(ofBias + at, b1, 16);
  }
  for (; at < last; at += 16) {
    const d = v128.load(dy + at), norm = f32x4.mul(f32x4.sub(v128.load(x + at), mean), rstd);
    const g = f32x4.sub(f32x4.mul(v128.load(weight + at), d), g0);
    v128.store(dx + at, f32x4.mul(rstd, f32x4.sub(g, f32x4.mul(norm, g1))));
    v128.store(ofWeight + at, madd(d, norm, v128.load(ofWeight + at)));
    v128.store(ofBias + at, f32x4.add(v128.load(ofBias + at), d));
  }
  if (rest > 0) {
    const d = loadPart(dy + at, rest, 0);
    const norm = f32x4.mul(f32x4.sub(loadPart(x + at, rest, 0), mean), rstd);
    const g = f32x4.sub(f32x4.mul(loadPart(weight + at, rest, 0), d), g0);
    storePart(dx + at, f32x4.mul(rstd, f32x4.sub(g, f32x4.mul(norm, g1))), rest);
    storePart(ofWeight + at, madd(d, norm, loadPart(ofWeight + at, rest, 0)), rest);
    storePart(ofBias + at, f32x4.add(loadPart(ofBias + at, rest, 0), d), rest);
  }
}

/**
 * Computes `dweight` [C] and `dbias` [C] from partial sums [blocks, 2, C]. `args`: blocks, C. A thread
 * computes whole columns.
 */
export function layer_norm_param_grad(
  tensors: usize,
  args: usize,
  thread: i32,
  threads: i32,
  scratch: usize,
): void {
  const partials = tensor(tensors, 0), blocks = size(args, 0), columns = size(args, 1);
  const groups = (columns + 15) >> 4, end = first(2 * groups, 1, thread + 1, threads);
  for (let i = first(2 * groups, 1, thread, threads); i < end; i++) {
    const half = i / groups, column = (i % groups) << 4, to = tensor(tensors, 1 + half) + (column << 2);
    const from = partials + ((half * columns + column) << 2);
    columnSums(from, columns << 3, blocks, min(<usize> 16, columns - column), 1, to, false);
  }
}
