// @ts-nocheck: AssemblyScript, see build.ts
/**
 * WASM kernel of kernels/ops/update/adamw.ts; operations are in PyTorch's order.
 *
 * @module
 */
import { first, real, size, tensor } from "../../wasm/call.ts";
import { power64 } from "../../wasm/math.ts";
import { madd } from "../../wasm/madd.ts";
import { loadPart, storePart } from "../../wasm/vector.ts";

/**
 * Updates `param`, `m` and `v` in place, from `grad`, `lr` [1], `step` [1] and `scale` [1]. `args`: n, beta1,
 * beta2, eps, decay, decayed. Weight decay applies to the first `decayed` elements. Bias corrections are
 * computed in float64.
 */
export function adamw(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const param = tensor(tensors, 0), grad = tensor(tensors, 1), m = tensor(tensors, 2), v = tensor(tensors, 3);
  const n = size(args, 0), beta1 = load<f64>(args, 8), beta2 = load<f64>(args, 16);
  const lr = <f64> load<f32>(tensor(tensors, 4)), step = <f64> load<f32>(tensor(tensors, 5));
  const scale = v128.load32_splat(tensor(tensors, 6));
  const keep = f32x4.splat(<f32> (1 - lr * load<f64>(args, 32)));
  const size1 = f32x4.splat(<f32> (-lr / (1 - power64(beta1, step))));
  const root2 = f32x4.splat(<f32> (1 / sqrt(1 - power64(beta2, step))));
  const b1 = f32x4.splat(<f32> beta1), a1 = f32x4.splat(<f32> (1 - beta1));
  const b2 = f32x4.splat(<f32> beta2), a2 = f32x4.splat(<f32> (1 - beta2)), eps = f32x4.splat(real(args, 3));
  const from = first(n, 16, thread, threads) << 2, to = first(n, 16, thread + 1, threads) << 2;
  const border = min(max(size(args, 5) << 2, from), to); // weight decay applies up to here
  for (let part = 0; part < 2; part++) {
    const end = part == 0 ? border : to, kept = part == 0 ? keep : f32x4.splat(1);
    let i = part == 0 ? from : border;
    for (; i + 32 <= end; i += 32) {
      const g0 = f32x4.mul(v128.load(grad + i), scale), g1 = f32x4.mul(v128.load(grad + i, 16), scale);
      const m0 = madd(v128.load(m + i), b1, f32x4.mul(g0, a1));
      const m1 = madd(v128.load(m + i, 16), b1, f32x4.mul(g1, a1));
      const v0 = madd(v128.load(v + i), b2, f32x4.mul(f32x4.mul(g0, g0), a2));
      const v1 = madd(v128.load(v + i, 16), b2, f32x4.mul(f32x4.mul(g1, g1), a2));
      const d0 = madd(f32x4.sqrt(v0), root2, eps), d1 = madd(f32x4.sqrt(v1), root2, eps);
      const p0 = madd(size1, f32x4.div(m0, d0), f32x4.mul(v128.load(param + i), kept));
      const p1 = madd(size1, f32x4.div(m1, d1), f32x4.mul(v128.load(param + i, 16), kept));
      v128.store(m + i, m0);
      v128.store(m + i, m1, 16);
      v128.store(v + i, v0);
      v128.store(v + i, v1, 16);
      v128.store(param + i, p0);
      v128.store(param + i, p1, 16);
    }
    for (; i < end; i += 16) {
      const rest = (end - i) >> 2, whole = rest >= 4;
      const g = f32x4.mul(whole ? v128.load(grad + i) : loadPart(grad + i, rest, 0), scale);
      const m0 = whole ? v128.load(m + i) : loadPart(m + i, rest, 0);
      const v0 = whole ? v128.load(v + i) : loadPart(v + i, rest, 0);
      const p0 = whole ? v128.load(param + i) : loadPart(param + i, rest, 0);
      const m1 = madd(m0, b1, f32x4.mul(g, a1));
      const v1 = madd(v0, b2, f32x4.mul(f32x4.mul(g, g), a2));
      const denominator = madd(f32x4.sqrt(v1), root2, eps);
      const p1 = madd(size1, f32x4.div(m1, denominator), f32x4.mul(p0, kept));
      if (whole) {
        v128.store(m + i, m1);
        v128.store(v + i, v1);
        v128.store(param + i, p1);
      } else {
        storePart(m + i, m1, rest);
        storePart(v + i, v1, rest);
        storePart(param + i, p1, rest);
      }
    }
  }
}
