// @ts-nocheck: AssemblyScript, see build.ts
/**
 * WASM kernels of kernels/ops/update/sgd.ts and kernels/ops/update/nesterov.ts.
 *
 * @module
 */
import { first, real, size, tensor } from "../../wasm/call.ts";
import { madd } from "../../wasm/madd.ts";
import { loadPart, storePart } from "../../wasm/vector.ts";

/**
 * Updates `param` and, for momentum, `velocity` in place, from `grad`, `lr` [1] and `scale` [1]. `args`: n,
 * momentum, decay, decayed, moves. Weight decay applies to the first `decayed` elements; `moves` is 1 if
 * there is a velocity.
 */
export function sgd(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const param = tensor(tensors, 0), grad = tensor(tensors, 1), n = size(args, 0);
  const moves = size(args, 4) == 1, velocity = moves ? tensor(tensors, 4) : 0;
  const minusLr = f32x4.neg(v128.load32_splat(tensor(tensors, 2))),
    scale = v128.load32_splat(tensor(tensors, 3));
  const momentum = f32x4.splat(real(args, 1)), decay = f32x4.splat(real(args, 2));
  const from = first(n, 16, thread, threads) << 2, to = first(n, 16, thread + 1, threads) << 2;
  const border = min(max(size(args, 3) << 2, from), to); // weight decay applies up to here
  for (let part = 0; part < 2; part++) {
    const end = part == 0 ? border : to, pull = part == 0 ? decay : f32x4.splat(0);
    for (let i = part == 0 ? from : border; i < end; i += 16) {
      const rest = (end - i) >> 2, whole = rest >= 4;
      const p = whole ? v128.load(param + i) : loadPart(param + i, rest, 0);
      const g = whole ? v128.load(grad + i) : loadPart(grad + i, rest, 0);
      let step = madd(g, scale, f32x4.mul(pull, p));
      if (moves) {
        step = madd(whole ? v128.load(velocity + i) : loadPart(velocity + i, rest, 0), momentum, step);
        if (whole) v128.store(velocity + i, step);
        else storePart(velocity + i, step, rest);
      }
      const moved = madd(minusLr, step, p);
      if (whole) v128.store(param + i, moved);
      else storePart(param + i, moved, rest);
    }
  }
}

/** Updates `velocity` in place and computes `step`, from `grad` and `scale` [1]. `args`: n, momentum. */
export function nesterov(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const velocity = tensor(tensors, 0),
    grad = tensor(tensors, 1),
    step = tensor(tensors, 3),
    n = size(args, 0);
  const scale = v128.load32_splat(tensor(tensors, 2)), momentum = f32x4.splat(real(args, 1));
  const end = first(n, 4, thread + 1, threads) << 2;
  for (let i = first(n, 4, thread, threads) << 2; i < end; i += 16) {
    const rest = (end - i) >> 2, whole = rest >= 4;
    const g = f32x4.mul(whole ? v128.load(grad + i) : loadPart(grad + i, rest, 0), scale);
    const v = madd(whole ? v128.load(velocity + i) : loadPart(velocity + i, rest, 0), momentum, g);
    const ahead = madd(v, momentum, g);
    if (whole) {
      v128.store(velocity + i, v);
      v128.store(step + i, ahead);
    } else {
      storePart(velocity + i, v, rest);
      storePart(step + i, ahead, rest);
    }
  }
}
