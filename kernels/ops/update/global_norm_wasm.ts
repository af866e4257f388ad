// @ts-nocheck: AssemblyScript, see build.ts
/**
 * WASM kernels of kernels/ops/update/global_norm.ts.
 *
 * @module
 */
import { first, real, size, tensor } from "../../wasm/call.ts";
import { dotRun } from "../../wasm/vector.ts";

/** Computes the sum of squares of each block of `x` [n]. `args`: n, block. */
export function sum_squares(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const x = tensor(tensors, 0), partials = tensor(tensors, 1), n = size(args, 0), block = size(args, 1);
  const count = (n + block - 1) / block, end = first(count, 1, thread + 1, threads);
  for (let i = first(count, 1, thread, threads); i < end; i++) {
    const from = x + ((i * block) << 2);
    store<f32>(partials + (i << 2), <f32> dotRun(from, from, min(block, n - i * block)));
  }
}

/** Computes `norm` [1] and `scale` [1] from `total` [1]. `args`: clip, which is 0 for no clipping. */
export function clip_scale(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  if (thread != 0) return;
  const norm = sqrt(load<f32>(tensor(tensors, 0))), clip = real(args, 0);
  store<f32>(tensor(tensors, 1), norm);
  store<f32>(tensor(tensors, 2), clip > 0 && !(norm <= clip) ? clip / (norm + 1e-6) : 1);
}
