// @ts-nocheck: AssemblyScript, see build.ts
/**
 * Twins of kernels/ops/elementwise/relu.ts.
 *
 * @module
 */
import { first, size, tensor } from "../../wasm/call.ts";
import { loadPart, storePart } from "../../wasm/vector.ts";

/** x -> y = max(x, 0). args: n. */
export function relu(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const x = tensor(tensors, 0), y = tensor(tensors, 1), n = size(args, 0), zero = f32x4.splat(0);
  let i = first(n, 4, thread, threads) << 2;
  const end = first(n, 4, thread + 1, threads) << 2;
  for (; i + 16 <= end; i += 16) v128.store(y + i, f32x4.pmax(v128.load(x + i), zero));
  if (i < end) {
    const rest = (end - i) >> 2;
    storePart(y + i, f32x4.pmax(loadPart(x + i, rest, 0), zero), rest);
  }
}

/** x, dy -> dx = dy where x > 0, else 0. args: n. */
export function relu_grad(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const x = tensor(tensors, 0), dy = tensor(tensors, 1), dx = tensor(tensors, 2), n = size(args, 0);
  let i = first(n, 4, thread, threads) << 2;
  const end = first(n, 4, thread + 1, threads) << 2;
  for (; i + 16 <= end; i += 16) v128.store(dx + i, slope(v128.load(x + i), v128.load(dy + i)));
  if (i < end) {
    const rest = (end - i) >> 2;
    storePart(dx + i, slope(loadPart(x + i, rest, 0), loadPart(dy + i, rest, 0)), rest);
  }
}

function slope(x: v128, dy: v128): v128 {
  return v128.and(dy, f32x4.gt(x, f32x4.splat(0)));
}
