// @ts-nocheck: AssemblyScript, see build.ts
/**
 * WASM kernels of kernels/ops/dropout/dropout.ts.
 *
 * @module
 */
import { first, real, size, tensor } from "../../wasm/call.ts";
import { masked, wordsByRow } from "./dropout_mask_wasm.ts";
import { loadPart, storePart } from "../../wasm/vector.ts";

/** Computes `y` from `x`, `key` and `draw`. `args`: n, threshold, scale. */
export function dropout(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  drop(tensors, args, thread, threads, scratch, tensor(tensors, 3), 0);
}

/** Computes `residual + dropout(x)` from `x`, `key`, `draw` and `residual`. `args`: n, threshold, scale. */
export function dropout_add(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  drop(tensors, args, thread, threads, scratch, tensor(tensors, 4), tensor(tensors, 3));
}

/**
 * Processes 16 elements at a time: four rows and four columns of the mask. `residual` is an address, or 0 if
 * there is no residual.
 */
function drop(
  tensors: usize,
  args: usize,
  thread: i32,
  threads: i32,
  scratch: usize,
  y: usize,
  residual: usize,
): void {
  const x = tensor(tensors, 0), key = tensor(tensors, 1), draw = tensor(tensors, 2);
  const n = size(args, 0), threshold = <u32> load<f64>(args, 8), scale = f32x4.splat(real(args, 2));
  const end = first(n, 16, thread + 1, threads) << 2;
  for (let block = first(n, 16, thread, threads) << 2; block < end; block += 64) {
    wordsByRow(<u32> (block >> 4), 0, key, draw, scratch);
    const stop = min(block + 64, end), words = scratch - block;
    let at = block;
    for (; at + 16 <= stop; at += 16) {
      const value = masked(f32x4.mul(v128.load(x + at), scale), v128.load(words + at), threshold);
      v128.store(y + at, residual == 0 ? value : f32x4.add(v128.load(residual + at), value));
    }
    if (at >= stop) continue;
    const rest = (stop - at) >> 2;
    const value = masked(f32x4.mul(loadPart(x + at, rest, 0), scale), v128.load(words + at), threshold);
    storePart(y + at, residual == 0 ? value : f32x4.add(loadPart(residual + at, rest, 0), value), rest);
  }
}
