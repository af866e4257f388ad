// @ts-nocheck: AssemblyScript, see build.ts
/**
 * WASM kernels of kernels/ops/norm/batch_norm.ts and kernels/ops/norm/running_moments.ts, four columns at a
 * time. Sums are in float32 within blocks of 64 rows and in float64 over the blocks.
 *
 * @module
 */
import { first, real, size, tensor } from "../../wasm/call.ts";
import { madd } from "../../wasm/madd.ts";
import { loadPart, storePart } from "../../wasm/vector.ts";

const BLOCK: usize = 64;

/** Computes `y`, `mean` and `variance` from `x` [rows, C], `gain` and `bias`. `args`: rows, C, ddof, eps. */
export function batch_norm(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const xs = tensor(tensors, 0), gains = tensor(tensors, 1), biases = tensor(tensors, 2);
  const ys = tensor(tensors, 3), means = tensor(tensors, 4), variances = tensor(tensors, 5);
  const rows = size(args, 0), columns = size(args, 1), stride = columns << 2;
  const divisor = load<f64>(args) - load<f64>(args, 16), eps = real(args, 3);
  const end = first(columns, 16, thread + 1, threads);
  for (let c = first(columns, 16, thread, threads); c < end; c += 4) {
    const width = min<usize>(4, columns - c), at = c << 2;
    const mean = sums(xs + at, stride, rows, width, 1 / <f64> rows);
    const variance = squares(xs + at, stride, rows, width, mean, 1 / divisor);
    const rstd = f32x4.div(f32x4.splat(1), f32x4.sqrt(f32x4.add(variance, f32x4.splat(eps))));
    const factor = f32x4.mul(take(gains + at, width), rstd), bias = take(biases + at, width);
    let x = xs + at, y = ys + at;
    for (let row: usize = 0; row < rows; row++, x += stride, y += stride) {
      put(y, madd(f32x4.sub(take(x, width), mean), factor, bias), width);
    }
    put(means + at, mean, width);
    put(variances + at, variance, width);
  }
}

/**
 * Computes `dx`, `dgain` and `dbias` from `x`, `gain`, `mean`, `variance` and `dy`. `args`: rows, C, ddof,
 * eps.
 */
export function batch_norm_grad(
  tensors: usize,
  args: usize,
  thread: i32,
  threads: i32,
  scratch: usize,
): void {
  const xs = tensor(tensors, 0), gains = tensor(tensors, 1), means = tensor(tensors, 2);
  const variances = tensor(tensors, 3), dys = tensor(tensors, 4);
  const dxs = tensor(tensors, 5), dgains = tensor(tensors, 6), dbiases = tensor(tensors, 7);
  const rows = size(args, 0), columns = size(args, 1), stride = columns << 2;
  const divisor = load<f64>(args) - load<f64>(args, 16), eps = real(args, 3);
  const end = first(columns, 16, thread + 1, threads);
  for (let c = first(columns, 16, thread, threads); c < end; c += 4) {
    const width = min<usize>(4, columns - c), at = c << 2;
    const mean = take(means + at, width), variance = take(variances + at, width);
    const rstd = f32x4.div(f32x4.splat(1), f32x4.sqrt(f32x4.add(variance, f32x4.splat(eps))));
    const dbias = sums(dys + at, stride, rows, width, 1);
    const dgain = f32x4.mul(products(xs + at, dys + at, stride, rows, width, mean), rstd);
    const factor = f32x4.mul(take(gains + at, width), rstd);
    const shift = f32x4.mul(dbias, f32x4.splat(<f32> (1 / <f64> rows)));
    const pull = f32x4.mul(f32x4.mul(dgain, rstd), f32x4.splat(<f32> (1 / divisor)));
    let x = xs + at, dy = dys + at, dx = dxs + at;
    for (let row: usize = 0; row < rows; row++, x += stride, dy += stride, dx += stride) {
      const d = f32x4.sub(take(dy, width), shift), away = f32x4.sub(mean, take(x, width));
      put(dx, f32x4.mul(factor, madd(away, pull, d)), width);
    }
    put(dgains + at, dgain, width);
    put(dbiases + at, dbias, width);
  }
}

/**
 * Updates the running mean and the running spread in place, from `mean` and `variance`. `args`: n, momentum,
 * root, factor. The spread is a standard deviation if root is 1, else a variance.
 */
export function running_moments(
  tensors: usize,
  args: usize,
  thread: i32,
  threads: i32,
  scratch: usize,
): void {
  const means = tensor(tensors, 0), spreads = tensor(tensors, 1);
  const mean = tensor(tensors, 2),
    variance = tensor(tensors, 3),
    n = size(args, 0),
    root = size(args, 2) == 1;
  const momentum = load<f64>(args, 8),
    take4 = f32x4.splat(<f32> momentum),
    keep = f32x4.splat(<f32> (1 - momentum));
  const factor = f32x4.splat(real(args, 3)), end = first(n, 16, thread + 1, threads);
  for (let i = first(n, 16, thread, threads); i < end; i += 4) {
    const width = min<usize>(4, n - i), at = i << 2;
    let spread = f32x4.mul(take(variance + at, width), factor);
    if (root) spread = f32x4.sqrt(spread);
    put(means + at, madd(take(means + at, width), keep, f32x4.mul(take(mean + at, width), take4)), width);
    put(spreads + at, madd(take(spreads + at, width), keep, f32x4.mul(spread, take4)), width);
  }
}

/** Returns the sums of four columns, times a factor. */
function sums(x: usize, stride: usize, rows: usize, width: usize, factor: f64): v128 {
  let low = f64x2.splat(0), high = low;
  for (let row: usize = 0; row < rows;) {
    const stop = min(row + BLOCK, rows);
    let a = f32x4.splat(0);
    for (; row < stop; row++, x += stride) a = f32x4.add(a, take(x, width));
    low = f64x2.add(low, f64x2.promote_low_f32x4(a));
    high = f64x2.add(high, f64x2.promote_low_f32x4(upper(a)));
  }
  return joined(low, high, factor);
}

/** Returns the sums of squared deviations from the mean, times a factor. */
function squares(x: usize, stride: usize, rows: usize, width: usize, mean: v128, factor: f64): v128 {
  let low = f64x2.splat(0), high = low;
  for (let row: usize = 0; row < rows;) {
    const stop = min(row + BLOCK, rows);
    let a = f32x4.splat(0);
    for (; row < stop; row++, x += stride) {
      const d = f32x4.sub(take(x, width), mean);
      a = madd(d, d, a);
    }
    low = f64x2.add(low, f64x2.promote_low_f32x4(a));
    high = f64x2.add(high, f64x2.promote_low_f32x4(upper(a)));
  }
  return joined(low, high, factor);
}

/** Returns the sums of `(x - mean) * dy`. */
function products(x: usize, dy: usize, stride: usize, rows: usize, width: usize, mean: v128): v128 {
  let low = f64x2.splat(0), high = low;
  for (let row: usize = 0; row < rows;) {
    const stop = min(row + BLOCK, rows);
    let a = f32x4.splat(0);
    for (; row < stop; row++, x += stride, dy += stride) {
      a = madd(f32x4.sub(take(x, width), mean), take(dy, width), a);
    }
    low = f64x2.add(low, f64x2.promote_low_f32x4(a));
    high = f64x2.add(high, f64x2.promote_low_f32x4(upper(a)));
  }
  return joined(low, high, 1);
}

function joined(low: v128, high: v128, factor: f64): v128 {
  const by = f64x2.splat(factor);
  const a = f32x4.demote_f64x2_zero(f64x2.mul(low, by)), b = f32x4.demote_f64x2_zero(f64x2.mul(high, by));
  return v128.shuffle<f32>(a, b, 0, 1, 4, 5);
}

function upper(v: v128): v128 {
  return v128.shuffle<f32>(v, v, 2, 3, 2, 3);
}

function take(p: usize, width: usize): v128 {
  return width == 4 ? v128.load(p) : loadPart(p, width, 0);
}

function put(p: usize, v: v128, width: usize): void {
  if (width == 4) v128.store(p, v);
  else storePart(p, v, width);
}
