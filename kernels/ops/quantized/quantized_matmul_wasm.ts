// @ts-nocheck: AssemblyScript, see build.ts
/**
 * WASM kernels of kernels/ops/quantized: products with quantised weights, and rows of a quantised table.
 *
 * For a few rows of activations, each weight is read once, in place. For more rows, panels of weights are
 * dequantised while they are packed, and multiplied as in matmul_wasm.ts.
 *
 * @module
 */
import { first, size, tensor } from "../../wasm/call.ts";
import { packPanel } from "../../wasm/pack.ts";
import { tile } from "../../wasm/tile.ts";
import { isWide, tileWide } from "../../wasm/tile_wide.ts";
import { edge, part, threadRows } from "../matmul/matmul_wasm.ts";
import { FEW } from "../matmul/matmul_rows_wasm.ts";
import { dequantize, rowBytes } from "./dequantize_wasm.ts";
import { BLOCK, prepareBytes, roundFloats, twoByteDots } from "./quantized_bytes_wasm.ts";
import { prepareFloats, twoDots } from "./quantized_dots_wasm.ts";

const KC: usize = 256; // as in matmul_wasm.ts, and the largest number of values in a block
const MC: usize = 128;
const NC: usize = 1024;
const B_AT: usize = KC * MC * 4;
const SPARE_AT: usize = B_AT + KC * NC * 4;
const ROWS_AT: usize = SPARE_AT + 256; // up to KC rows of KC floats

/** Index in `args` of the first part; each part is a format, a number of rows and an offset in bytes. */
const PARTS: usize = 5;

/**
 * Computes `out` [M, N] from `x` [M, K] and quantised `w` [N, K]. `args`: M, N, K, whether activations are
 * rounded to 8 bits, number of parts, then the parts.
 */
export function quantized_matmul(
  tensors: usize,
  args: usize,
  thread: i32,
  threads: i32,
  scratch: usize,
): void {
  const x = tensor(tensors, 0), w = tensor(tensors, 1), out = tensor(tensors, 2);
  const m = size(args, 0), n = size(args, 1), k = size(args, 2), rounds = size(args, 3) != 0;
  if (m <= FEW) {
    for (let row: usize = 0; row < m; row++) {
      const from = x + ((row * k) << 2);
      if (rounds) prepareBytes(from, k, scratch + row * (k >> 5) * BLOCK);
      else prepareFloats(from, k, prepared(scratch, row, k), prepared(scratch, row, k) + (k << 2));
    }
  }
  let column: usize = 0;
  for (let i: usize = 0; i < size(args, 4); i++) {
    const format = <i32> size(args, PARTS + 3 * i), rows = size(args, PARTS + 1 + 3 * i);
    const weights = w + size(args, PARTS + 2 + 3 * i), c = out + (column << 2);
    if (m <= FEW) few(m, n, k, rows, format, x, weights, c, rounds, thread, threads, scratch);
    else many(m, n, k, rows, format, x, weights, c, rounds, thread, threads, scratch);
    column += rows;
  }
}

/** Returns where the prepared floats of a row are; its sums follow them. */
function prepared(scratch: usize, row: usize, k: usize): usize {
  return scratch + row * ((k << 2) + (k >> 1));
}

function few(
  m: usize,
  n: usize,
  k: usize,
  rows: usize,
  format: i32,
  x: usize,
  w: usize,
  out: usize,
  rounds: bool,
  thread: i32,
  threads: i32,
  scratch: usize,
): void {
  const to = part(rows, <usize> thread + 1, <usize> threads), bytes = rowBytes(format, k);
  for (let j = part(rows, <usize> thread, <usize> threads); j < to; j += 2) {
    const w0 = w + j * bytes, hasTwo = j + 1 < to, w1 = hasTwo ? w0 + bytes : w0;
    for (let row: usize = 0; row < m; row++) {
      const c0 = out + ((row * n + j) << 2), c1 = hasTwo ? c0 + 4 : c0;
      if (rounds) {
        const from = scratch + row * (k >> 5) * BLOCK;
        twoByteDots(format, k, from, w0, w1, c0, c1);
      } else {
        const from = prepared(scratch, row, k);
        twoDots(format, k, x + ((row * k) << 2), from, from + (k << 2), w0, w1, c0, c1);
      }
    }
  }
}

function many(
  m: usize,
  n: usize,
  k: usize,
  rows: usize,
  format: i32,
  x: usize,
  w: usize,
  out: usize,
  rounds: bool,
  thread: i32,
  threads: i32,
  scratch: usize,
): void {
  const rowsOfThreads = threadRows(m, rows, <usize> threads);
  const columnsOfThreads = <usize> threads / rowsOfThreads, stride = n << 2;
  const atRow = <usize> thread / columnsOfThreads, atColumn = <usize> thread % columnsOfThreads;
  const mFrom = part(m, atRow, rowsOfThreads), mTo = part(m, atRow + 1, rowsOfThreads);
  const nFrom = part(rows, atColumn, columnsOfThreads), nTo = part(rows, atColumn + 1, columnsOfThreads);
  const spare = scratch + SPARE_AT, temporary = scratch + ROWS_AT, bytes = rowBytes(format, k);
  for (let jc = nFrom; jc < nTo; jc += NC) {
    const columns = min(NC, nTo - jc);
    for (let pc: usize = 0; pc < k; pc += KC) {
      const steps = min(KC, k - pc), panel = steps << 5; // a multiple of 32 steps: nothing to pad
      const before = rowBytes(format, pc);
      for (let j: usize = 0; j < columns; j += 8) {
        const lanes = min<usize>(8, columns - j);
        for (let lane: usize = 0; lane < lanes; lane++) {
          const from = w + (jc + j + lane) * bytes + before;
          dequantize(format, from, steps, temporary + ((lane * KC) << 2));
        }
        packPanel(temporary, KC << 2, 4, lanes, steps, steps, scratch + B_AT + (j >> 3) * panel);
      }
      for (let ic = mFrom; ic < mTo; ic += MC) {
        const height = min(MC, mTo - ic);
        for (let i: usize = 0; i < height; i += 8) {
          const lanes = min<usize>(8, height - i), to = scratch + (i >> 3) * panel;
          const from = x + (((ic + i) * k + pc) << 2);
          if (!rounds) packPanel(from, k << 2, 4, lanes, steps, steps, to);
          else {
            for (let lane: usize = 0; lane < lanes; lane++) {
              roundFloats(from + ((lane * k) << 2), steps, temporary + ((lane * KC) << 2));
            }
            packPanel(temporary, KC << 2, 4, lanes, steps, steps, to);
          }
        }
        tiles(steps, panel, height, columns, out + ic * stride + (jc << 2), stride, pc > 0, scratch, spare);
      }
    }
  }
}

/** Multiplies the packed rows with the packed columns. */
function tiles(
  steps: usize,
  panel: usize,
  rows: usize,
  columns: usize,
  out: usize,
  stride: usize,
  joins: bool,
  scratch: usize,
  spare: usize,
): void {
  for (let j: usize = 0; j < columns;) {
    const bPanel = scratch + B_AT + (j >> 3) * panel;
    const width: usize = isWide() && columns - j >= 16 ? 16 : min<usize>(8, columns - j);
    for (let i: usize = 0; i < rows; i += 8) {
      const aPanel = scratch + (i >> 3) * panel, height = min<usize>(8, rows - i);
      const c = out + i * stride + (j << 2);
      if (height < 8 || width < 8) edge(steps, aPanel, bPanel, panel, c, stride, joins, height, width, spare);
      else if (width == 16) tileWide(steps, aPanel, bPanel, panel, c, stride, joins);
      else tile(steps, aPanel, bPanel, c, stride, joins);
    }
    j += width;
  }
}

/**
 * Computes `out` [M, K] from `g` [M, N] and quantised `w` [N, K]: the gradient of the activations. `args`: as
 * for `quantized_matmul`. Threads divide the rows, so each of them dequantises all weights.
 */
export function quantized_matmul_grad(
  tensors: usize,
  args: usize,
  thread: i32,
  threads: i32,
  scratch: usize,
): void {
  const g = tensor(tensors, 0), w = tensor(tensors, 1), out = tensor(tensors, 2);
  const m = size(args, 0), n = size(args, 1), k = size(args, 2), parts = size(args, 4);
  const mFrom = part(m, <usize> thread, <usize> threads), mTo = part(m, <usize> thread + 1, <usize> threads);
  if (mFrom == mTo) return;
  const temporary = scratch + ROWS_AT, spare = scratch + SPARE_AT;
  for (let jc: usize = 0; jc < k; jc += KC) {
    const columns = min(KC, k - jc);
    let first: usize = 0;
    for (let i: usize = 0; i < parts; i++) {
      const format = <i32> size(args, PARTS + 3 * i), rows = size(args, PARTS + 1 + 3 * i);
      const weights = w + size(args, PARTS + 2 + 3 * i) + rowBytes(format, jc), bytes = rowBytes(format, k);
      for (let pc: usize = 0; pc < rows; pc += KC) {
        const steps = min(KC, rows - pc), padded = (steps + 3) & ~3, panel = padded << 5;
        for (let row: usize = 0; row < steps; row++) {
          dequantize(format, weights + (pc + row) * bytes, columns, temporary + row * (KC << 2));
        }
        for (let j: usize = 0; j < columns; j += 8) {
          const to = scratch + B_AT + (j >> 3) * panel;
          packPanel(temporary + (j << 2), 4, KC << 2, 8, steps, padded, to);
        }
        for (let ic = mFrom; ic < mTo; ic += MC) {
          const height = min(MC, mTo - ic);
          for (let row: usize = 0; row < height; row += 8) {
            const from = g + (((ic + row) * n + first + pc) << 2), to = scratch + (row >> 3) * panel;
            packPanel(from, n << 2, 4, min<usize>(8, height - row), steps, padded, to);
          }
          const c = out + ((ic * k + jc) << 2);
          tiles(padded, panel, height, columns, c, k << 2, first + pc > 0, scratch, spare);
        }
      }
      first += rows;
    }
  }
}

/**
 * Takes rows of a quantised table by index. `args`: number of indices, columns, rows of the table, number of
 * parts, then the parts as for `quantized_matmul`. Indices past the table give zeros.
 */
export function quantized_gather(
  tensors: usize,
  args: usize,
  thread: i32,
  threads: i32,
  scratch: usize,
): void {
  const w = tensor(tensors, 0), ids = tensor(tensors, 1), out = tensor(tensors, 2);
  const count = size(args, 0), columns = size(args, 1), rows = size(args, 2), parts = size(args, 3);
  const end = first(count, 1, thread + 1, threads);
  for (let i = first(count, 1, thread, threads); i < end; i++) {
    const to = out + ((i * columns) << 2);
    let row = <usize> load<u32>(ids + (i << 2));
    if (row >= rows) {
      memory.fill(to, 0, columns << 2);
      continue;
    }
    const last: usize = 4 + 3 * parts;
    for (let at: usize = 4; at < last; at += 3) {
      const own = size(args, at + 1);
      if (row >= own) row -= own;
      else {
        const format = <i32> size(args, at);
        dequantize(format, w + size(args, at + 2) + row * rowBytes(format, columns), columns, to);
        break;
      }
    }
  }
}
