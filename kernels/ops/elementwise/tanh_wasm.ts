// @ts-nocheck: AssemblyScript, see build.ts
/**
 * Twins of kernels/ops/elementwise/tanh.ts.
 *
 * @module
 */
import { first, size, tensor } from "../../wasm/call.ts";
import { tanh as tanh4 } from "../../wasm/exp.ts";
import { loadPart, storePart } from "../../wasm/vector.ts";

/** x -> y = tanh x. args: n. */
export function tanh(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const x = tensor(tensors, 0), y = tensor(tensors, 1), n = size(args, 0);
  let i = first(n, 4, thread, threads) << 2;
  const end = first(n, 4, thread + 1, threads) << 2;
  for (; i + 16 <= end; i += 16) v128.store(y + i, tanh4(v128.load(x + i)));
  if (i < end) {
    const rest = (end - i) >> 2;
    storePart(y + i, tanh4(loadPart(x + i, rest, 0)), rest);
  }
}

/** x, dy -> dx = (1 - tanh^2 x) dy. args: n. */
export function tanh_grad(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
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
  const y = tanh4(x);
  return f32x4.mul(f32x4.sub(f32x4.splat(1), f32x4.mul(y, y)), dy);
}
