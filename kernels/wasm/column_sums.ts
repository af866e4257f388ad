// @ts-nocheck: AssemblyScript, see build.ts
/**
 * Sums of the columns of a matrix, up to 16 columns at once.
 *
 * @module
 */

/** Number of rows that are added in float32 before their sum is added to a float64 total. */
const BLOCK: usize = 64;

/**
 * Computes `y[c] = (add ? y[c] : 0) + factor * sum over n rows of x[row][c]`, for each `c < width`. `width`
 * is at most 16; rows are `stride` bytes apart.
 */
export function columnSums(
  x: usize,
  stride: usize,
  n: usize,
  width: usize,
  factor: f64,
  y: usize,
  add: bool,
): void {
  if (width == 16) sums16(x, stride, n, factor, y, add);
  else {
    for (let c: usize = 0; c < width; c++) {
      let total: f64 = 0, from = x + (c << 2);
      for (let row: usize = 0; row < n; row++, from += stride) total += <f64> load<f32>(from);
      const at = y + (c << 2);
      store<f32>(at, <f32> ((add ? <f64> load<f32>(at) : 0) + total * factor));
    }
  }
}

function sums16(x: usize, stride: usize, n: usize, factor: f64, y: usize, add: bool): void {
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
    t1 = f64x2.add(t1, f64x2.promote_low_f32x4(upper(a)));
    t2 = f64x2.add(t2, f64x2.promote_low_f32x4(b));
    t3 = f64x2.add(t3, f64x2.promote_low_f32x4(upper(b)));
    t4 = f64x2.add(t4, f64x2.promote_low_f32x4(c));
    t5 = f64x2.add(t5, f64x2.promote_low_f32x4(upper(c)));
    t6 = f64x2.add(t6, f64x2.promote_low_f32x4(d));
    t7 = f64x2.add(t7, f64x2.promote_low_f32x4(upper(d)));
  }
  put(y, t0, t1, factor, add);
  put(y + 16, t2, t3, factor, add);
  put(y + 32, t4, t5, factor, add);
  put(y + 48, t6, t7, factor, add);
}

/** Moves lanes 2 and 3 to lanes 0 and 1. */
function upper(v: v128): v128 {
  return v128.shuffle<f32>(v, v, 2, 3, 2, 3);
}

function put(y: usize, low: v128, high: v128, factor: f64, add: bool): void {
  const by = f64x2.splat(factor);
  const a = f32x4.demote_f64x2_zero(f64x2.mul(low, by)), b = f32x4.demote_f64x2_zero(f64x2.mul(high, by));
  const sums = v128.shuffle<f32>(a, b, 0, 1, 4, 5);
  v128.store(y, add ? f32x4.add(v128.load(y), sums) : sums);
}
