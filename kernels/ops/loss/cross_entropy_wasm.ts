// @ts-nocheck: AssemblyScript, see build.ts
/**
 * WASM kernels of kernels/ops/loss/cross_entropy.ts and cross_entropy_rows.ts. Columns from `valid` on are
 * padding and are ignored. A row whose target is `valid` or more has loss 0; such a target is 0xFFFFFFFF by
 * convention.
 *
 * @module
 */
import { first, size, tensor } from "../../wasm/call.ts";
import { exp, log64 } from "../../wasm/math.ts";
import { fillRun } from "../../wasm/fill.ts";
import { start } from "./row_blocks_wasm.ts";
import { lanes, largest, loadPart, storePart } from "../../wasm/vector.ts";

/** Computes `losses` and `lse` from `logits` [rows, V] and `targets`. `args`: rows, V, valid. */
export function cross_entropy(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const logits = tensor(tensors, 0), targets = tensor(tensors, 1);
  const losses = tensor(tensors, 2), lses = tensor(tensors, 3);
  const rows = size(args, 0), columns = size(args, 1), valid = size(args, 2);
  const end = first(rows, 1, thread + 1, threads);
  for (let row = first(rows, 1, thread, threads); row < end; row++) {
    lossOf(
      logits + ((row * columns) << 2),
      valid,
      targets + (row << 2),
      losses + (row << 2),
      lses + (row << 2),
    );
  }
}

/**
 * Computes `dlogits`, in place of `logits`, from `logits`, `targets`, `lse` and `dlosses`. `args`: rows, V,
 * valid.
 */
export function cross_entropy_grad(
  tensors: usize,
  args: usize,
  thread: i32,
  threads: i32,
  scratch: usize,
): void {
  const logits = tensor(tensors, 0), targets = tensor(tensors, 1);
  const lses = tensor(tensors, 2), dlosses = tensor(tensors, 3);
  const rows = size(args, 0), columns = size(args, 1), valid = size(args, 2);
  const end = first(rows, 1, thread + 1, threads);
  for (let row = first(rows, 1, thread, threads); row < end; row++) {
    const at = logits + ((row * columns) << 2);
    logitGrads(at, columns, valid, targets + (row << 2), lses + (row << 2), dlosses + (row << 2));
  }
}

/**
 * Updates one block of `losses` and `lse` in place, from `logits` [R, V] and `targets`; `block` [1] is its
 * index. `args`: R, V, valid, total.
 */
export function cross_entropy_rows(
  tensors: usize,
  args: usize,
  thread: i32,
  threads: i32,
  scratch: usize,
): void {
  const losses = tensor(tensors, 0), lses = tensor(tensors, 1);
  const logits = tensor(tensors, 2), targets = tensor(tensors, 3);
  const rows = size(args, 0), columns = size(args, 1), valid = size(args, 2), total = size(args, 3);
  const from = start(tensor(tensors, 4), rows, total), count = min(rows, total - from);
  const end = first(count, 1, thread + 1, threads);
  for (let row = first(count, 1, thread, threads); row < end; row++) {
    const at = (from + row) << 2;
    lossOf(logits + ((row * columns) << 2), valid, targets + at, losses + at, lses + at);
  }
}

/**
 * Computes `dlogits`, in place of `logits` [R, V], from `targets`, `lse` and `dlosses`; `block` [1] is the
 * block's index. `args`: R, V, valid, total.
 */
export function cross_entropy_rows_grad(
  tensors: usize,
  args: usize,
  thread: i32,
  threads: i32,
  scratch: usize,
): void {
  const logits = tensor(tensors, 0), targets = tensor(tensors, 1);
  const lses = tensor(tensors, 2), dlosses = tensor(tensors, 3);
  const rows = size(args, 0), columns = size(args, 1), valid = size(args, 2), total = size(args, 3);
  const from = start(tensor(tensors, 4), rows, total), count = min(rows, total - from);
  const end = first(rows, 1, thread + 1, threads);
  for (let row = first(rows, 1, thread, threads); row < end; row++) {
    const p = logits + ((row * columns) << 2), at = (from + row) << 2;
    if (row < count) logitGrads(p, columns, valid, targets + at, lses + at, dlosses + at);
    else fillRun(p, columns, 0);
  }
}

/** Computes the loss and `lse` of one row; all parameters but `valid` are addresses. */
function lossOf(logits: usize, valid: usize, targetAt: usize, loss: usize, lseAt: usize): void {
  const lse = logSumExp(logits, valid), target: usize = load<u32>(targetAt);
  store<f32>(loss, target < valid ? <f32> (lse - <f64> load<f32>(logits + (target << 2))) : 0);
  store<f32>(lseAt, <f32> lse);
}

/** Replaces the logits of one row by their gradients. */
function logitGrads(
  at: usize,
  columns: usize,
  valid: usize,
  targetAt: usize,
  lseAt: usize,
  dlossAt: usize,
): void {
  const target: usize = load<u32>(targetAt);
  if (target >= valid) {
    fillRun(at, columns, 0);
    return;
  }
  const lse = v128.load32_splat(lseAt), d = v128.load32_splat(dlossAt);
  let p = at;
  const stop = at + (valid << 2);
  for (; p + 32 <= stop; p += 32) {
    const grad0 = f32x4.mul(exp(f32x4.sub(v128.load(p), lse)), d);
    const grad1 = f32x4.mul(exp(f32x4.sub(v128.load(p, 16), lse)), d);
    v128.store(p, grad0);
    v128.store(p, grad1, 16);
  }
  for (; p + 16 <= stop; p += 16) v128.store(p, f32x4.mul(exp(f32x4.sub(v128.load(p), lse)), d));
  if (p < stop) {
    const rest = (stop - p) >> 2;
    storePart(p, f32x4.mul(exp(f32x4.sub(loadPart(p, rest, 0), lse)), d), rest);
  }
  fillRun(stop, columns - valid, 0);
  const hit = at + (target << 2);
  store<f32>(hit, load<f32>(hit) - load<f32>(dlossAt));
}

/** Returns the log of the sum of `e^x` over `n` floats: finds the maximum, then sums in blocks of 1,024. */
function logSumExp(x: usize, n: usize): f64 {
  const rest = n & 3, end = x + ((n & ~3) << 2);
  let top = f32x4.splat(-Infinity), topB = top, p = x;
  for (; p + 32 <= end; p += 32) { // pmax ignores NaN; the sum below does not
    top = f32x4.pmax(top, v128.load(p));
    topB = f32x4.pmax(topB, v128.load(p, 16));
  }
  if (p < end) top = f32x4.pmax(top, v128.load(p));
  if (rest > 0) top = f32x4.pmax(top, loadPart(end, rest, -Infinity));
  const largestOne = largest(f32x4.pmax(top, topB)), shift = f32x4.splat(largestOne);
  let total: f64 = 0;
  for (p = x; p < end;) {
    const stop = min(p + 4096, end);
    let sum = f32x4.splat(0);
    for (; p < stop; p += 16) sum = f32x4.add(sum, exp(f32x4.sub(v128.load(p), shift)));
    total += lanes(sum);
  }
  if (rest > 0) total += lanes(exp(f32x4.sub(loadPart(end, rest, -Infinity), shift)));
  return <f64> largestOne + log64(total);
}
