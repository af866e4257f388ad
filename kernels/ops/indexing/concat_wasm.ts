// @ts-nocheck: AssemblyScript, see build.ts
/**
 * WASM kernels of kernels/ops/indexing/concat.ts and kernels/ops/indexing/permute.ts: copies of 32-bit
 * elements of either type.
 *
 * @module
 */
import { first, size, tensor } from "../../wasm/call.ts";

/**
 * Joins `parts`, each [outer, run], into [outer, sum of all runs]. `args`: outer, number of parts, run of
 * each part.
 */
export function concat(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const outer = size(args, 0), parts = size(args, 1), out = tensor(tensors, parts);
  const from = first(outer, 1, thread, threads), end = first(outer, 1, thread + 1, threads);
  let all: usize = 0;
  for (let i: usize = 0; i < parts; i++) all += size(args, 2 + i) << 2;
  let start = out;
  for (let i: usize = 0; i < parts; i++) {
    const run = size(args, 2 + i) << 2, part = tensor(tensors, i);
    for (let o = from; o < end; o++) memory.copy(start + o * all, part + o * run, run);
    start += run;
  }
}

/**
 * Copies the columns of `x` [outer, run] from `skip` on to [outer, taken]. `args`: outer, run, skip, taken.
 */
export function narrow(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const outer = size(args, 0), run = size(args, 1) << 2, taken = size(args, 3) << 2;
  const x = tensor(tensors, 0) + (size(args, 2) << 2), y = tensor(tensors, 1);
  const end = first(outer, 1, thread + 1, threads);
  for (let o = first(outer, 1, thread, threads); o < end; o++) memory.copy(y + o * taken, x + o * run, taken);
}

/**
 * Permutes the axes of `x`; the result is `y`. `args`: n, rank, sizes of `y`, strides. Two elements that are
 * consecutive along axis `i` of `y` are `strides[i]` elements apart in `x`.
 */
export function permute(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const x = tensor(tensors, 0), y = tensor(tensors, 1), n = size(args, 0), rank = size(args, 1);
  const last = size(args, 1 + rank), step = size(args, 1 + 2 * rank) << 2;
  const end = first(n, 16, thread + 1, threads);
  for (let i = first(n, 16, thread, threads); i < end;) {
    let left = i / last, from: usize = 0;
    for (let axis: usize = rank - 1; axis > 0; axis--) {
      const length = size(args, 1 + axis);
      from += left % length * size(args, 1 + rank + axis);
      left /= length;
    }
    const c = i % last, stop = min(i + last - c, end);
    for (let at = x + (from << 2) + c * step; i < stop; i++, at += step) {
      store<u32>(y + (i << 2), load<u32>(at));
    }
  }
}
