// @ts-nocheck: AssemblyScript, see build.ts
/**
 * Packing for the micro-kernel: copies 8 rows of A, or 8 columns of B, to a panel that has 8 floats per step
 * of `k`.
 *
 * @module
 */

/**
 * Computes `panel[i][lane] = x[lane][i]` for `i < k` and `lane < lanes <= 8`, and 0 elsewhere in a panel of
 * `padded` steps. In `x`, lanes are `laneStride` bytes apart and steps are `kStride` bytes apart; one of the
 * two is 4.
 */
export function packPanel(
  x: usize,
  laneStride: usize,
  kStride: usize,
  lanes: usize,
  k: usize,
  padded: usize,
  panel: usize,
): void {
  if (lanes < 8) packNarrow(x, laneStride, kStride, lanes, k, panel);
  else if (laneStride == 4) copyRows(x, kStride, k, panel);
  else transpose(x, laneStride, kStride, k, panel);
  if (padded > k) memory.fill(panel + (k << 5), 0, (padded - k) << 5);
}

function copyRows(x: usize, kStride: usize, k: usize, panel: usize): void {
  for (const end = panel + (k << 5); panel < end; panel += 32, x += kStride) {
    v128.store(panel, v128.load(x));
    v128.store(panel, v128.load(x, 16), 16);
  }
}

function transpose(x: usize, laneStride: usize, kStride: usize, k: usize, panel: usize): void {
  const upper = x + (laneStride << 2);
  let i: usize = 0;
  for (; i + 4 <= k; i += 4) {
    transpose4(x + (i << 2), laneStride, panel + (i << 5));
    transpose4(upper + (i << 2), laneStride, panel + (i << 5) + 16);
  }
  packNarrow(x + i * kStride, laneStride, kStride, 8, k - i, panel + (i << 5));
}

/** Copies four steps of four lanes into a panel. */
function transpose4(x: usize, stride: usize, panel: usize): void {
  const a = v128.load(x),
    b = v128.load(x + stride),
    c = v128.load(x + 2 * stride),
    d = v128.load(x + 3 * stride);
  const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5), cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  const ab2 = v128.shuffle<f32>(a, b, 2, 6, 3, 7), cd2 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(panel, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5));
  v128.store(panel, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7), 32);
  v128.store(panel, v128.shuffle<f32>(ab2, cd2, 0, 1, 4, 5), 64);
  v128.store(panel, v128.shuffle<f32>(ab2, cd2, 2, 3, 6, 7), 96);
}

function packNarrow(x: usize, laneStride: usize, kStride: usize, lanes: usize, k: usize, panel: usize): void {
  for (let i: usize = 0; i < k; i++, x += kStride, panel += 32) {
    let lane: usize = 0;
    for (; lane < lanes; lane++) store<f32>(panel + (lane << 2), load<f32>(x + lane * laneStride));
    for (; lane < 8; lane++) store<f32>(panel + (lane << 2), 0);
  }
}
