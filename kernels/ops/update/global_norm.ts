/**
 * The Euclidean norm of all gradients together and the scale that clips it; both stay on the device.
 * Source: Pascanu, Mikolov, Bengio 2013; the scale as in PyTorch's clip_grad_norm_.
 *
 * @module
 */
import { plus } from "../../core/gradient_ops.ts";
import type { Call, Op, Tensor } from "../../core/graph.ts";
import { define } from "../../core/op.ts";
import { grid, wgslBindings } from "../../core/wgsl.ts";
import type { WgslKernel } from "../../core/gpu.ts";
import { sizeOf } from "../../core/tensor.ts";
import { sum } from "../reduce/reduce.ts";
import { expectF32, expectNumber } from "../specs.ts";
import { workgroupSum } from "../reduce/workgroup_reduce.ts";

/**
 * Number of elements per partial sum of squares. It limits rounding errors to those of a sum of 16,384 terms,
 * however large the tensor is.
 */
const BLOCK = 16384;

/** Attributes of `globalNorm`. */
export interface ClipAttrs {
  /** Largest norm that is not clipped; 0 disables clipping. */
  readonly clip: number;
}

/** Returns the bits of a float32. */
function bitsOf(x: number): number {
  return new Uint32Array(Float32Array.of(x).buffer)[0];
}

/**
 * Returns the norm of all `gradients` (of any shapes) before clipping, and the scale that makes the norm at
 * most `clip` when each gradient is multiplied by it: `clip / (norm + 1e-6)` if the norm is larger, else 1.
 * Both are [1]. If the norm is NaN, so is the scale, and if it is infinite, the scale is 0, as in PyTorch.
 * Throws RangeError if there are no gradients.
 */
export function globalNorm(gradients: readonly Tensor[], attrs: ClipAttrs): { norm: Tensor; scale: Tensor } {
  if (gradients.length === 0) {
    throw new RangeError("Cannot take the norm of no gradients: wanted at least one");
  }
  const squares = gradients.map((g) => {
    const partials = callSumSquares([g], null)[0];
    return partials.shape[0] === 1 ? partials : sum(partials, { shape: [1] });
  });
  const [norm, scale] = callClipScale([squares.reduce(plus)], attrs);
  return { norm, scale };
}

/** Sums of squares of blocks of 16,384 elements. */
export const sumSquaresOp: Op<null> = {
  name: "sum_squares",
  infer: ([x]) => {
    expectF32("sum_squares", { x });
    return [{ shape: [Math.ceil(sizeOf(x.shape) / BLOCK)], dtype: "f32" }];
  },
  reference: ([x], call) => {
    const out = new Float64Array(sizeOf(call.outputs[0].shape));
    x.forEach((v, i) => out[Math.floor(i / BLOCK)] += v * v);
    return [out];
  },
  wgsl: sumSquaresKernel,
  wasm: (call) => [sizeOf(call.inputs[0].shape), BLOCK],
  flops: (call) => 2 * sizeOf(call.inputs[0].shape),
  cases: [
    { inputs: [[]], attrs: null },
    { inputs: [[7, 67]], attrs: null },
    { inputs: [[BLOCK * 2 + 3]], attrs: null },
    { inputs: [[50304, 768]], attrs: null, bench: true },
  ],
};

/** Sum of squares → norm, scale. */
export const clipScaleOp: Op<ClipAttrs> = {
  name: "clip_scale",
  infer: ([total], { clip }) => {
    expectF32("clip_scale", { total });
    expectNumber("clip_scale", { total });
    if (!Number.isFinite(clip) || clip < 0) {
      throw new RangeError(`Cannot clip at ${clip}: wanted a number above 0, or 0 for no clipping`);
    }
    return [{ shape: [1], dtype: "f32" }, { shape: [1], dtype: "f32" }];
  },
  reference: ([total], call) => {
    const { clip } = call.attrs, norm = Math.sqrt(total[0]);
    return [Float64Array.of(norm), Float64Array.of(clip > 0 && !(norm <= clip) ? clip / (norm + 1e-6) : 1)];
  },
  wgsl: (call) => {
    const { clip } = call.attrs;
    // Numbers of 0 and more are ordered as their bits are, and NaN comes last, so that its scale is NaN. A
    // comparison of numbers may be compiled as if there were no NaN.
    const above = `(bitcast<u32>(norm) & 0x7fffffffu) > ${bitsOf(clip)}u`;
    return {
      workgroups: [1, 1, 1],
      code: `${wgslBindings(call)}
@compute @workgroup_size(1)
fn main() {
  let norm = sqrt(in0[0]);
  out0[0] = norm;
  out1[0] = ${clip > 0 ? `select(1.0, f32(${clip}) / (norm + 1e-6), ${above})` : "1.0"};
}`,
    };
  },
  wasm: (call) => [call.attrs.clip],
  cases: [
    { inputs: [[1]], attrs: { clip: 0.25 }, fill: ["positive"] },
    { inputs: [[1]], attrs: { clip: 100 }, fill: ["positive"] },
    { inputs: [[1]], attrs: { clip: 0 }, fill: ["positive"] },
  ],
};

const callSumSquares = define(sumSquaresOp);
const callClipScale = define(clipScaleOp);

function sumSquaresKernel(call: Call): WgslKernel {
  const n = sizeOf(call.inputs[0].shape), blocks = Math.ceil(n / BLOCK);
  const workgroups = grid(blocks, 1);
  return {
    workgroups,
    code: `${wgslBindings(call)}
${workgroupSum(256)}
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let block = group.x + group.y * ${workgroups[0]}u;
  if (block >= ${blocks}u) { return; }
  let end = min((block + 1u) * ${BLOCK}u, ${n}u);
  var total = 0.0;
  for (var i = block * ${BLOCK}u + lane; i < end; i += 256u) { total += in0[i] * in0[i]; }
  let all = workgroupSum(total, lane);
  if (lane == 0u) { out0[block] = all; }
}`,
  };
}
