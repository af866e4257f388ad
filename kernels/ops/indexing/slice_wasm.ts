// @ts-nocheck: AssemblyScript, see build.ts
/**
 * WASM kernels of kernels/ops/indexing/slice.ts: copies of 32-bit elements of either type.
 *
 * @module
 */
import { first, size, tensor } from "../../wasm/call.ts";

/** Copies `n` elements of `x`, from element `offset` on. `args`: offset, n. */
export function slice(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  copyRange(tensor(tensors, 0) + (size(args, 0) << 2), tensor(tensors, 1), size(args, 1), thread, threads);
}

/** Copies `x` [n], with zeros before and after it. `args`: before, n, after. */
export function pad(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const y = tensor(tensors, 1), before = size(args, 0), n = size(args, 1), after = size(args, 2);
  clearRange(y, before, thread, threads);
  copyRange(tensor(tensors, 0), y + (before << 2), n, thread, threads);
  clearRange(y + ((before + n) << 2), after, thread, threads);
}

/** Copies row `min(index, count - 1)` of `x` [count, n], where `index` is [1]. `args`: count, n. */
export function take(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const n = size(args, 1), index = min(<usize> load<u32>(tensor(tensors, 1)), size(args, 0) - 1);
  copyRange(tensor(tensors, 0) + ((index * n) << 2), tensor(tensors, 2), n, thread, threads);
}

/** Copies this thread's range of `n` elements. */
export function copyRange(x: usize, y: usize, n: usize, thread: i32, threads: i32): void {
  const from = first(n, 16, thread, threads) << 2;
  memory.copy(y + from, x + from, (first(n, 16, thread + 1, threads) << 2) - from);
}

/** Sets this thread's range of `n` elements to 0. */
export function clearRange(y: usize, n: usize, thread: i32, threads: i32): void {
  const from = first(n, 16, thread, threads) << 2;
  memory.fill(y + from, 0, (first(n, 16, thread + 1, threads) << 2) - from);
}
