// @ts-nocheck: AssemblyScript, see build.ts
/**
 * WASM kernels of kernels/ops/update/state.ts.
 *
 * @module
 */
import { size, tensor } from "../../wasm/call.ts";
import { clearRange, copyRange } from "../indexing/slice_wasm.ts";

/** Sets `buffer` to zeros, in place. `args`: n. */
export function clear(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  clearRange(tensor(tensors, 0), size(args, 0), thread, threads);
}

/** Computes `(counter + by) mod wrap` in place, for a counter u32 [1]. `args`: by, wrap. */
export function count(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  if (thread != 0) return;
  const counter = tensor(tensors, 0);
  const next = (<u64> load<u32>(counter) + <u64> size(args, 0)) % <u64> load<f64>(args, 8);
  store<u32>(counter, <u32> next);
}

/** Copies `x` into `buffer`, in place. `args`: n. */
export function assign(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  copyRange(tensor(tensors, 1), tensor(tensors, 0), size(args, 0), thread, threads);
}
