/**
 * Ops whose kernels reach a GPU's peaks: one that only multiplies and adds, and one that only copies.
 *
 * @module
 */
import type { Op } from "../../kernels/core/graph.ts";
import { define } from "../../kernels/core/op.ts";
import { flat } from "../../kernels/core/wgsl.ts";
import { sizeOf } from "../../kernels/core/tensor.ts";

/** Number of turns of the loop; in each, eight vectors are multiplied and added. */
const TURNS = 512;
/** Floating-point operations for each element of `multiplyAdd`. */
export const FLOPS_PER_ELEMENT: number = TURNS * 8 * 4 * 2;

/** Returns WGSL of `y = fma(y, 0.999, 0.001)` on eight vectors, in turns, which leaves 1 unchanged. */
function multiplyAdds(): string {
  const vectors = Array.from({ length: 8 }, (_, i) => `v${i}`);
  return `${vectors.map((v, i) => `var ${v} = vec4f(in0[i] + ${i}.0);`).join("\n")}
  for (var turn = 0u; turn < ${TURNS}u; turn++) {
    ${vectors.map((v) => `${v} = fma(${v}, vec4f(0.999), vec4f(0.001));`).join("\n")}
  }
  out0[i] = dot(${vectors.join(" + ")}, vec4f(0.03125));`;
}

const busyOp: Op<null> = {
  name: "multiply_adds",
  infer: ([x]) => [x],
  reference: ([x]) => [
    x.map((value) => {
      let sum = 0;
      for (let i = 0; i < 8; i++) sum += 1 + (value + i - 1) * 0.999 ** TURNS;
      return sum / 8;
    }),
  ],
  wgsl: (call) => flat(call, multiplyAdds()),
  wasm: () => [],
  flops: (call) => sizeOf(call.outputs[0].shape) * FLOPS_PER_ELEMENT,
  cases: [],
};

const copyOp: Op<null> = {
  name: "copy",
  infer: ([x]) => [x],
  reference: ([x]) => [x],
  wgsl: (call) => flat(call, "out0[i] = in0[i];"),
  wasm: () => [],
  cases: [],
};

/** Multiplies and adds 16,384 times for each element of `x`. */
export const multiplyAdd: ReturnType<typeof define<null>> = define(busyOp);

/** Copies `x`. */
export const copy: ReturnType<typeof define<null>> = define(copyOp);
