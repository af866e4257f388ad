// @ts-nocheck: AssemblyScript, see build.ts
/**
 * Twins of kernels/ops/layer_norm.ts: biased variance, one row at a time; parameter gradients 4 columns at a time.
 *
 * @module
 */
import { first, size, tensor } from "./call.ts";
import { madd } from "./madd.ts";
import { lanes, loadPart, storePart, sumRun } from "./vector.ts";

/** x, weight, bias -> y, mean, rstd. args: rows, C, eps. */
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
    for (i = 0; i < whole; i += 4) {
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
 * x, weight, mean, rstd, dy -> dx = rstd (g - mean(g) - norm mean(g norm)), g = weight dy, norm = (x - mean) rstd.
 * args: rows, C.
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
  const rows = size(args, 0), columns = size(args, 1), whole = columns & ~3, rest = columns & 3;
  const last = whole << 2, end = first(rows, 1, thread + 1, threads);
  for (let row = first(rows, 1, thread, threads); row < end; row++) {
    const offset = (row * columns) << 2, from = x + offset, grad = dy + offset, to = dx + offset;
    const mean4 = v128.load32_splat(means + (row << 2)), rstd4 = v128.load32_splat(rstds + (row << 2));
    let sum = f32x4.splat(0), sumNorm = sum;
    for (let at: usize = 0; at < last; at += 16) {
      const g = f32x4.mul(v128.load(weight + at), v128.load(grad + at));
      const norm = f32x4.mul(f32x4.sub(v128.load(from + at), mean4), rstd4);
      sum = f32x4.add(sum, g);
      sumNorm = madd(g, norm, sumNorm);
    }
    if (rest > 0) {
      const g = f32x4.mul(loadPart(weight + last, rest, 0), loadPart(grad + last, rest, 0));
      const norm = f32x4.mul(f32x4.sub(loadPart(from + last, rest, 0), mean4), rstd4);
      sum = f32x4.add(sum, g);
      sumNorm = madd(g, norm, sumNorm);
    }
    const meanOfG = f32x4.splat(<f32> (lanes(sum) / <f64> columns));
    const meanOfGNorm = f32x4.splat(<f32> (lanes(sumNorm) / <f64> columns));
    for (let at: usize = 0; at < last; at += 16) {
      const g = f32x4.mul(v128.load(weight + at), v128.load(grad + at));
      const norm = f32x4.mul(f32x4.sub(v128.load(from + at), mean4), rstd4);
      v128.store(to + at, f32x4.mul(rstd4, f32x4.sub(f32x4.sub(g, meanOfG), f32x4.mul(norm, meanOfGNorm))));
    }
    if (rest > 0) {
      const g = f32x4.mul(loadPart(weight + last, rest, 0), loadPart(grad + last, rest, 0));
      const norm = f32x4.mul(f32x4.sub(loadPart(from + last, rest, 0), mean4), rstd4);
      const d = f32x4.mul(rstd4, f32x4.sub(f32x4.sub(g, meanOfG), f32x4.mul(norm, meanOfGNorm)));
      storePart(to + last, d, rest);
    }
  }
}

/** Rows added up in float32 before they join the float64 totals. */
const BLOCK: usize = 64;

/** x, mean, rstd, dy -> dweight [C], dbias [C]. A thread owns whole columns. args: rows, C. */
export function layer_norm_param_grad(
  tensors: usize,
  args: usize,
  thread: i32,
  threads: i32,
  scratch: usize,
): void {
  const x = tensor(tensors, 0), means = tensor(tensors, 1), rstds = tensor(tensors, 2);
  const dy = tensor(tensors, 3), dweight = tensor(tensors, 4), dbias = tensor(tensors, 5);
  const rows = size(args, 0), columns = size(args, 1), stride = columns << 2;
  const to = first(columns, 16, thread + 1, threads);
  for (let column = first(columns, 16, thread, threads); column < to; column += 4) {
    const width = min(<usize> 4, to - column);
    let weightLow = f64x2.splat(0), weightHigh = weightLow, biasLow = weightLow, biasHigh = weightLow;
    for (let start: usize = 0; start < rows; start += BLOCK) {
      const stop = min(start + BLOCK, rows);
      let dw = f32x4.splat(0), db = dw;
      for (let row = start; row < stop; row++) {
        const at = row * stride + (column << 2);
        const g = width == 4 ? v128.load(dy + at) : loadPart(dy + at, width, 0);
        const value = width == 4 ? v128.load(x + at) : loadPart(x + at, width, 0);
        const centred = f32x4.sub(value, v128.load32_splat(means + (row << 2)));
        dw = madd(g, f32x4.mul(centred, v128.load32_splat(rstds + (row << 2))), dw);
        db = f32x4.add(db, g);
      }
      weightLow = f64x2.add(weightLow, f64x2.promote_low_f32x4(dw));
      weightHigh = f64x2.add(weightHigh, f64x2.promote_low_f32x4(v128.shuffle<f32>(dw, dw, 2, 3, 2, 3)));
      biasLow = f64x2.add(biasLow, f64x2.promote_low_f32x4(db));
      biasHigh = f64x2.add(biasHigh, f64x2.promote_low_f32x4(v128.shuffle<f32>(db, db, 2, 3, 2, 3)));
    }
    const weights = narrow(weightLow, weightHigh), biases = narrow(biasLow, biasHigh);
    if (width == 4) {
      v128.store(dweight + (column << 2), weights);
      v128.store(dbias + (column << 2), biases);
    } else {
      storePart(dweight + (column << 2), weights, width);
      storePart(dbias + (column << 2), biases, width);
    }
  }
}

function narrow(low: v128, high: v128): v128 {
  return v128.shuffle<f32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5);
}
