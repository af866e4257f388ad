// @ts-nocheck: AssemblyScript, see build.ts
/**
 * Sums down the columns of a matrix, up to 16 columns at once.
 *
 * @module
 */

/** Rows added up in float32 before they join the float64 totals. */
const BLOCK: usize = 64;

/** y[c] = factor * sum over n rows of x[row][c], c < width <= 16; rows are `stride` bytes apart. */
export function columnSums(x: usize, stride: usize, n: usize, width: usize, factor: f64, y: usize): void {
  if (width == 16) sums16(x, stride, n, factor, y);
  else {
    for (let c: usize = 0; c < width; c++) {
      let total: f64 = 0, from = x + (c << 2);
      for (let row: usize = 0; row < n; row++, from += stride) total += <f64> load<f32>(from);
      store<f32>(y + (c << 2), <f32> (total * factor));
    }
  }
}

function sums16(x: usize, stride: usize, n: usize, factor: f64, y: usize): void {
  let t0 = f64x2.splat(0), t1 = t0, t2 = t0, t3 = t0, t4 = t0, t5 = t0, t6 = t0, t7 = t0;
  for (let row: usize = 0; row < n; row += BLOCK) {
    let a = f32x4.splat(0), b = a, c = a, d = a;
    for (let left = min(BLOCK, n - row); left > 0; left--, x += stride) {
      a = f32x4.add(a, v128.load(x));
      b = f32x4.add(b, v128.load(x, 16));
      c = f32x4.add(c, v128.load(x, 32));
      d = f32x4.add(d, v128.load(x, 48));
    }
    t0 = f64x2.add(t0, f64x2.promote_low_f32x4(a));
    t1 = f64x2.add(t1, f64x2.promote_low_f32x4(high(a)));
    t2 = f64x2.add(t2, f64x2.promote_low_f32x4(b));
    t3 = f64x2.add(t3, f64x2.promote_low_f32x4(high(b)));
    t4 = f64x2.add(t4, f64x2.promote_low_f32x4(c));
    t5 = f64x2.add(t5, f64x2.promote_low_f32x4(high(c)));
    t6 = f64x2.add(t6, f64x2.promote_low_f32x4(d));
    t7 = f64x2.add(t7, f64x2.promote_low_f32x4(high(d)));
  }
  v128.store(y, narrow(t0, t1, factor));
  v128.store(y, narrow(t2, t3, factor), 16);
  v128.store(y, narrow(t4, t5, factor), 32);
  v128.store(y, narrow(t6, t7, factor), 48);
}

/** Lanes 2 and 3 in lanes 0 and 1. */
function high(v: v128): v128 {
  return v128.shuffle<f32>(v, v, 2, 3, 2, 3);
}

function narrow(low: v128, high: v128, factor: f64): v128 {
  const by = f64x2.splat(factor);
  const a = f32x4.demote_f64x2_zero(f64x2.mul(low, by)), b = f32x4.demote_f64x2_zero(f64x2.mul(high, by));
  return v128.shuffle<f32>(a, b, 0, 1, 4, 5);
}
