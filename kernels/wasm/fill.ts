// @ts-nocheck: AssemblyScript, see build.ts
/**
 * Twins of kernels/core/gradients.ts: fill, plus, accumulate.
 *
 * @module
 */
import { first, real, size, tensor } from "./call.ts";
import { fillRun } from "./fill_run.ts";

/** like -> y: every element one value. args: n, value. */
export function fill(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const n = size(args, 0), i = first(n, 4, thread, threads);
  fillRun(tensor(tensors, 1) + (i << 2), first(n, 4, thread + 1, threads) - i, real(args, 1));
}

/** a, b -> a + b. args: n. */
export function plus(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  addShare(tensor(tensors, 0), tensor(tensors, 1), tensor(tensors, 2), size(args, 0), thread, threads);
}

/** buffer, x -> buffer + x in place. args: n. */
export function accumulate(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const buffer = tensor(tensors, 0);
  addShare(buffer, tensor(tensors, 1), buffer, size(args, 0), thread, threads);
}

function addShare(a: usize, b: usize, y: usize, n: usize, thread: i32, threads: i32): void {
  let i = first(n, 4, thread, threads) << 2;
  const end = first(n, 4, thread + 1, threads) << 2;
  for (; i + 16 <= end; i += 16) v128.store(y + i, f32x4.add(v128.load(a + i), v128.load(b + i)));
  for (; i < end; i += 4) store<f32>(y + i, load<f32>(a + i) + load<f32>(b + i));
}
