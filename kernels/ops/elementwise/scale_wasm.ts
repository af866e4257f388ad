// @ts-nocheck: AssemblyScript, see build.ts
/**
 * Twin of kernels/ops/elementwise/scale.ts.
 *
 * @module
 */
import { first, real, size, tensor } from "../../wasm/call.ts";

/** x -> x by. args: n, by. */
export function scale(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const x = tensor(tensors, 0), y = tensor(tensors, 1), n = size(args, 0), by = real(args, 1);
  let i = first(n, 4, thread, threads) << 2;
  const end = first(n, 4, thread + 1, threads) << 2, by4 = f32x4.splat(by);
  for (; i + 16 <= end; i += 16) v128.store(y + i, f32x4.mul(v128.load(x + i), by4));
  for (; i < end; i += 4) store<f32>(y + i, load<f32>(x + i) * by);
}
