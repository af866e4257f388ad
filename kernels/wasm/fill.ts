// @ts-nocheck: AssemblyScript, see build.ts
/**
 * Fills arrays with one value; WASM kernel of `fill` in kernels/core/gradient_ops.ts.
 *
 * @module
 */
import { first, real, size, tensor } from "./call.ts";

/** Computes `y`, which has the shape of `like`, with every element equal to `value`. `args`: n, value. */
export function fill(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const n = size(args, 0), i = first(n, 4, thread, threads);
  fillRun(tensor(tensors, 1) + (i << 2), first(n, 4, thread + 1, threads) - i, real(args, 1));
}

/** Sets `n` floats at `y` to `value`. */
export function fillRun(y: usize, n: usize, value: f32): void {
  const end = y + (n << 2), v = f32x4.splat(value);
  for (; y + 16 <= end; y += 16) v128.store(y, v);
  for (; y < end; y += 4) store<f32>(y, value);
}
