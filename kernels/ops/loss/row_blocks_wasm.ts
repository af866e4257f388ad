// @ts-nocheck: AssemblyScript, see build.ts
/**
 * WASM kernels of kernels/ops/loss/row_blocks.ts: they copy a block of elements. The index of the block is
 * read from memory.
 *
 * @module
 */
import { size, tensor } from "../../wasm/call.ts";
import { clearRange, copyRange } from "../indexing/slice_wasm.ts";

/**
 * Copies the `n` elements of one block of `x`, with zeros past the end of `x`; `block` [1] is the block's
 * index. `args`: total, n.
 */
export function take_rows(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const y = tensor(tensors, 2), total = size(args, 0), n = size(args, 1);
  const at = start(tensor(tensors, 1), n, total), inside = min(n, total - at);
  copyRange(tensor(tensors, 0) + (at << 2), y, inside, thread, threads);
  clearRange(y + (inside << 2), n - inside, thread, threads);
}

/** Replaces a block of `buffer` by `part`, in place; `block` [1] is the block's index. `args`: total, n. */
export function put_rows(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const total = size(args, 0), n = size(args, 1), at = start(tensor(tensors, 2), n, total);
  copyRange(tensor(tensors, 1), tensor(tensors, 0) + (at << 2), min(n, total - at), thread, threads);
}

/** Returns the offset of the first element of a block of `n` elements; it is at most `total`. */
export function start(block: usize, n: usize, total: usize): usize {
  return <usize> min(<u64> load<u32>(block) * <u64> n, <u64> total);
}
