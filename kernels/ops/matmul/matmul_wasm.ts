// @ts-nocheck: AssemblyScript, see build.ts
/**
 * WASM kernels of kernels/ops/matmul/matmul.ts, blocked and packed as in Goto and van de Geijn 2008, "Anatomy
 * of high-performance matrix multiplication". The four layouts differ only in the strides of the operands
 * that are packed. Every element is summed over `k` in blocks of 256, whatever its tile, so its bits depend
 * neither on the number of threads nor on the tile.
 *
 * @module
 */
import { size, tensor } from "../../wasm/call.ts";
import { epilogue, NOTHING } from "./epilogue_wasm.ts";
import { FEW, fewRows } from "./matmul_rows_wasm.ts";
import { packPanel } from "../../wasm/pack.ts";
import { tile } from "../../wasm/tile.ts";
import { isWide, tileWide } from "../../wasm/tile_wide.ts";

const KC: usize = 256; // steps of `k` per block: a panel of B, 8 KiB, stays in the first-level cache
const MC: usize = 128; // rows per block of A: 128 KiB, which stay in the second-level cache
const NC: usize = 1024; // columns per block of B: 1 MiB
const B_AT: usize = KC * MC * 4;
const SPARE_AT: usize = B_AT + KC * NC * 4;

/**
 * Computes `out` [M, N] from `a`, which is [M, K] ([K, M] with `tA`), and `b`, which is [K, N] ([N, K] with
 * `tB`). `args`: M, N, K, tA, tB.
 */
export function matmul(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  product(tensors, args, thread, threads, scratch, tensor(tensors, 2), NOTHING, 0, 0, false);
}

/** Adds `a * b` to `buffer`, in place. `args`: as for `matmul`. */
export function matmul_add(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  product(tensors, args, thread, threads, scratch, tensor(tensors, 2), NOTHING, 0, 0, true);
}

/**
 * Writes `a * b` to `out`, or adds it to `out`, and calls `epilogue` on each finished block with the matching
 * parts of `bias` and `other`.
 */
export function product(
  tensors: usize,
  args: usize,
  thread: i32,
  threads: i32,
  scratch: usize,
  out: usize,
  kind: i32,
  bias: usize,
  other: usize,
  add: bool,
): void {
  const a = tensor(tensors, 0), b = tensor(tensors, 1);
  const m = size(args, 0), n = size(args, 1), k = size(args, 2), stride = n << 2;
  const transposedA = size(args, 3) != 0, transposedB = size(args, 4) != 0;
  const aRow: usize = transposedA ? 4 : k << 2, aStep: usize = transposedA ? m << 2 : 4;
  const bColumn: usize = transposedB ? k << 2 : 4, bStep: usize = transposedB ? 4 : n << 2;

  const rowsOfThreads = threadRows(m, n, <usize> threads), columnsOfThreads = <usize> threads / rowsOfThreads;
  const atRow = <usize> thread / columnsOfThreads, atColumn = <usize> thread % columnsOfThreads;
  const mFrom = part(m, atRow, rowsOfThreads), mTo = part(m, atRow + 1, rowsOfThreads);
  const nFrom = part(n, atColumn, columnsOfThreads), nTo = part(n, atColumn + 1, columnsOfThreads);

  if (m <= FEW && (!transposedA || m == 1)) {
    if (nFrom < nTo) {
      fewRows(m, n, k, nFrom, nTo, a, b, transposedB, out, add, scratch, kind, bias, other);
    }
    return;
  }
  for (let jc = nFrom; jc < nTo; jc += NC) {
    const columns = min(NC, nTo - jc);
    for (let pc: usize = 0; pc < k; pc += KC) {
      const steps = min(KC, k - pc), padded = (steps + 3) & ~3, panel = padded << 5;
      const joins = add || pc > 0, spare = scratch + SPARE_AT;
      for (let j: usize = 0; j < columns; j += 8) {
        const from = b + (jc + j) * bColumn + pc * bStep;
        packPanel(
          from,
          bColumn,
          bStep,
          min<usize>(8, columns - j),
          steps,
          padded,
          scratch + B_AT + (j >> 3) * panel,
        );
      }
      for (let ic = mFrom; ic < mTo; ic += MC) {
        const rows = min(MC, mTo - ic);
        for (let i: usize = 0; i < rows; i += 8) {
          const from = a + (ic + i) * aRow + pc * aStep;
          packPanel(from, aRow, aStep, min<usize>(8, rows - i), steps, padded, scratch + (i >> 3) * panel);
        }
        for (let j: usize = 0; j < columns;) {
          const bPanel = scratch + B_AT + (j >> 3) * panel;
          const width: usize = isWide() && columns - j >= 16 ? 16 : min<usize>(8, columns - j);
          for (let i: usize = 0; i < rows; i += 8) {
            const aPanel = scratch + (i >> 3) * panel, height = min<usize>(8, rows - i);
            const c = out + (ic + i) * stride + ((jc + j) << 2);
            if (height < 8 || width < 8) {
              edge(padded, aPanel, bPanel, panel, c, stride, joins, height, width, spare);
            } else if (width == 16) tileWide(padded, aPanel, bPanel, panel, c, stride, joins);
            else tile(padded, aPanel, bPanel, c, stride, joins);
          }
          j += width;
        }
        if (pc + KC >= k) {
          const at = ic * stride + (jc << 2);
          epilogue(kind, out + at, stride, rows, columns, bias + (jc << 2), other + at);
        }
      }
    }
  }
}

/**
 * Computes one tile, or two adjacent tiles, at an edge of C. Each tile is computed as a whole in `spare`;
 * then the part of it that is inside C is copied.
 */
export function edge(
  k: usize,
  a: usize,
  b: usize,
  panel: usize,
  c: usize,
  stride: usize,
  add: bool,
  height: usize,
  width: usize,
  spare: usize,
): void {
  for (let left: usize = 0; left < width; left += 8, b += panel, c += 32) {
    tile(k, a, b, spare, 32, false);
    const fits = min<usize>(8, width - left) << 2;
    for (let i: usize = 0; i < height; i++) {
      const to = c + i * stride, from = spare + (i << 5);
      for (let at: usize = 0; at < fits; at += 4) {
        store<f32>(to + at, (add ? load<f32>(to + at) : 0) + load<f32>(from + at));
      }
    }
  }
}

/**
 * Returns the index of the first element of part `at` if `n` elements are divided into `parts` parts of whole
 * tiles.
 */
export function part(n: usize, at: usize, parts: usize): usize {
  return min(((n + 7) >> 3) * at / parts << 3, n);
}

/**
 * Returns the number of parts, `p`, into which the rows are divided; the columns are divided into
 * `threads / p` parts, and each thread computes one block. `p` minimizes the work of the busiest thread: its
 * tiles and its packing.
 */
export function threadRows(m: usize, n: usize, threads: usize): usize {
  const rowTiles = (m + 7) >> 3, columnTiles = (n + 7) >> 3;
  let best: usize = 1, least: u64 = u64.MAX_VALUE;
  for (let rows: usize = 1; rows <= threads; rows++) {
    if (threads % rows != 0) continue;
    const columns = threads / rows;
    const high = <u64> ((rowTiles + rows - 1) / rows), wide = <u64> ((columnTiles + columns - 1) / columns);
    const cost = high * wide + high + wide; // packing a panel costs about as much as computing one tile
    if (cost < least) {
      least = cost;
      best = rows;
    }
  }
  return best;
}
