/**
 * Layer normalization and its gradients. Source: Ba, Kiros, Hinton 2016, "Layer normalization".
 *
 * @module
 */
import { type Call, define, type Kernel, type Op, wgslBindings } from "../core/op.ts";
import { type Shape, ShapeError, sizeOf, type Spec, type Tensor } from "../core/tensor.ts";
import { rowGrid, rowWorkgroup, workgroupSum } from "./workgroup_reduce.ts";

/** What is added to the variance. */
export interface LayerNormAttrs {
  readonly eps: number;
}

/**
 * Normalizes each row of x to mean 0 and variance 1, then scales by weight and shifts by bias. x [..., C],
 * weight [C], bias [C] → [..., C]; biased variance, eps 1e-5. Throws ShapeError if weight or bias is not [C].
 * Source: Ba et al. 2016.
 */
export function layerNorm(
  x: Tensor,
  weight: Tensor,
  bias: Tensor,
  { eps = 1e-5 }: { eps?: number } = {},
): Tensor {
  return callLayerNorm([x, weight, bias], { eps })[0];
}

/** (x, weight, bias) → y, mean [rows], 1 / standard deviation [rows]. */
export const layerNormOp: Op<LayerNormAttrs> = {
  name: "layer_norm",
  infer: ([x, weight, bias]) => {
    const { rows, channels } = rowsOf(x);
    checkVector("weight", weight, channels);
    checkVector("bias", bias, channels);
    return [{ shape: x.shape, dtype: "f32" }, { shape: [rows], dtype: "f32" }, {
      shape: [rows],
      dtype: "f32",
    }];
  },
  vjp: (call, [dy]) => {
    if (dy === null) return [null, null, null];
    const [x, weight] = call.inputs, [, mean, rstd] = call.outputs;
    const [dx] = callLayerNormGrad([x, weight, mean, rstd, dy], null);
    return [dx, ...callLayerNormParamGrad([x, mean, rstd, dy], null)];
  },
  reference: ([x, weight, bias], call) => {
    const { rows, channels } = rowsOf(call.inputs[0]);
    const y = new Float64Array(x.length), means = new Float64Array(rows), rstds = new Float64Array(rows);
    for (let row = 0; row < rows; row++) {
      const values = x.subarray(row * channels, (row + 1) * channels);
      const mean = values.reduce((sum, v) => sum + v, 0) / channels;
      const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / channels;
      const rstd = 1 / Math.sqrt(variance + call.attrs.eps);
      values.forEach((v, c) => y[row * channels + c] = (v - mean) * rstd * weight[c] + bias[c]);
      means[row] = mean;
      rstds[row] = rstd;
    }
    return [y, means, rstds];
  },
  wgsl: (call): Kernel => {
    const { rows, channels } = rowsOf(call.inputs[0]);
    const size = rowWorkgroup(channels), { workgroups, find } = rowGrid(rows);
    const loop = `for (var c = lane; c < ${channels}u; c += ${size}u)`;
    return {
      workgroups,
      code: `${wgslBindings(call)}
${workgroupSum(size)}

@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  ${find}
  let start = row * ${channels}u;
  var sum = 0.0;
  ${loop} { sum += in0[start + c]; }
  let mean = workgroupSum(sum, lane) / ${channels}.0;
  var squares = 0.0;
  ${loop} { let d = in0[start + c] - mean; squares += d * d; }
  let rstd = 1.0 / sqrt(workgroupSum(squares, lane) / ${channels}.0 + ${call.attrs.eps});
  ${loop} { out0[start + c] = (in0[start + c] - mean) * rstd * in1[c] + in2[c]; }
  if (lane == 0u) { out1[row] = mean; out2[row] = rstd; }
}`,
    };
  },
  wasm: (call) => [...sizesOf(call), call.attrs.eps],
  flops: (call) => 8 * sizeOf(call.inputs[0].shape),
  cases: [
    { inputs: [[2, 3, 5], [5], [5]], attrs: { eps: 1e-5 } },
    { inputs: [[1, 1], [1], [1]], attrs: { eps: 1e-5 } },
    { inputs: [[9, 130], [130], [130]], attrs: { eps: 1e-5 } },
    { inputs: [[5, 769], [769], [769]], attrs: { eps: 1e-3 } },
    { inputs: [[1024, 384], [384], [384]], attrs: { eps: 1e-5 }, bench: true },
  ],
};

/** (x, weight, mean, rstd, dy) → dx. */
export const layerNormGradOp: Op<null> = {
  name: "layer_norm_grad",
  infer: ([x, weight, mean, rstd, dy]) => {
    checkGradient({ x, mean, rstd, dy });
    checkVector("weight", weight, rowsOf(x).channels);
    return [{ shape: x.shape, dtype: "f32" }];
  },
  reference: ([x, weight, mean, rstd, dy], call) => {
    const { rows, channels } = rowsOf(call.inputs[0]);
    const dx = new Float64Array(x.length);
    for (let row = 0; row < rows; row++) {
      const start = row * channels;
      let sum = 0, sumNormal = 0; // of weight·dy, and of it times the normalized x
      for (let c = 0; c < channels; c++) {
        const g = weight[c] * dy[start + c];
        sum += g;
        sumNormal += g * (x[start + c] - mean[row]) * rstd[row];
      }
      for (let c = 0; c < channels; c++) {
        const normal = (x[start + c] - mean[row]) * rstd[row];
        dx[start + c] = rstd[row] *
          (weight[c] * dy[start + c] - sum / channels - normal * sumNormal / channels);
      }
    }
    return [dx];
  },
  wgsl: (call): Kernel => {
    const { rows, channels } = rowsOf(call.inputs[0]);
    const size = rowWorkgroup(channels), { workgroups, find } = rowGrid(rows);
    const loop = `for (var c = lane; c < ${channels}u; c += ${size}u)`;
    return {
      workgroups,
      code: `${wgslBindings(call)}
${workgroupSum(size)}

@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  ${find}
  let start = row * ${channels}u;
  let mean = in2[row];
  let rstd = in3[row];
  var sum = 0.0;
  var sumNormal = 0.0;
  ${loop} {
    let g = in1[c] * in4[start + c];
    sum += g;
    sumNormal += g * (in0[start + c] - mean) * rstd;
  }
  let average = workgroupSum(sum, lane) / ${channels}.0;
  let averageNormal = workgroupSum(sumNormal, lane) / ${channels}.0;
  ${loop} {
    let normal = (in0[start + c] - mean) * rstd;
    out0[start + c] = rstd * (in1[c] * in4[start + c] - average - normal * averageNormal);
  }
}`,
    };
  },
  wasm: (call) => sizesOf(call),
  flops: (call) => 12 * sizeOf(call.inputs[0].shape),
  cases: gradientCases((x, channels, rows) => [x, [channels], [rows], [rows], x]),
};

/** (x, mean, rstd, dy) → dweight [C], dbias [C], both summed over rows. */
export const layerNormParamGradOp: Op<null> = {
  name: "layer_norm_param_grad",
  infer: ([x, mean, rstd, dy]) => {
    checkGradient({ x, mean, rstd, dy });
    const { channels } = rowsOf(x);
    return [{ shape: [channels], dtype: "f32" }, { shape: [channels], dtype: "f32" }];
  },
  reference: ([x, mean, rstd, dy], call) => {
    const { rows, channels } = rowsOf(call.inputs[0]);
    const dweight = new Float64Array(channels), dbias = new Float64Array(channels);
    for (let row = 0; row < rows; row++) {
      for (let c = 0; c < channels; c++) {
        const at = row * channels + c;
        dweight[c] += dy[at] * (x[at] - mean[row]) * rstd[row];
        dbias[c] += dy[at];
      }
    }
    return [dweight, dbias];
  },
  wgsl: paramGradKernel,
  wasm: (call) => sizesOf(call),
  flops: (call) => 5 * sizeOf(call.inputs[0].shape),
  cases: gradientCases((x, _channels, rows) => [x, [rows], [rows], x]),
};

const callLayerNorm = define(layerNormOp);
const callLayerNormGrad = define(layerNormGradOp);
const callLayerNormParamGrad = define(layerNormParamGradOp);

/** 16 columns a workgroup, 16 lanes a column: lane i sums rows i, i + 16, …, then lane 0 adds the lanes in order. */
function paramGradKernel(call: Call): Kernel {
  const { rows, channels } = rowsOf(call.inputs[0]);
  return {
    workgroups: [Math.ceil(channels / 16), 1, 1],
    code: `${wgslBindings(call)}
var<workgroup> ofWeight: array<f32, 256>;
var<workgroup> ofBias: array<f32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let column = group.x * 16u + lane % 16u;
  var weightSum = 0.0;
  var biasSum = 0.0;
  if (column < ${channels}u) {
    for (var row = lane / 16u; row < ${rows}u; row += 16u) {
      let at = row * ${channels}u + column;
      let dy = in3[at];
      weightSum += dy * (in0[at] - in1[row]) * in2[row];
      biasSum += dy;
    }
  }
  ofWeight[lane] = weightSum;
  ofBias[lane] = biasSum;
  workgroupBarrier();
  if (lane < 16u && column < ${channels}u) {
    for (var i = lane + 16u; i < 256u; i += 16u) {
      weightSum += ofWeight[i];
      biasSum += ofBias[i];
    }
    out0[column] = weightSum;
    out1[column] = biasSum;
  }
}`,
  };
}

function rowsOf(x: Spec): { rows: number; channels: number } {
  const channels = x.shape.at(-1) ?? 1;
  return { rows: sizeOf(x.shape) / channels, channels };
}

function sizesOf(call: Call): readonly number[] {
  const { rows, channels } = rowsOf(call.inputs[0]);
  return [rows, channels];
}

function checkVector(name: string, v: Spec, length: number): void {
  if (v.shape.length !== 1 || v.shape[0] !== length) {
    throw new ShapeError(
      `Cannot normalize: ${name} is [${v.shape}], x's last size is ${length}: must be equal`,
    );
  }
}

function checkGradient({ x, mean, rstd, dy }: Record<"x" | "mean" | "rstd" | "dy", Spec>): void {
  const { rows } = rowsOf(x);
  if (sizeOf(dy.shape) !== sizeOf(x.shape) || sizeOf(mean.shape) !== rows || sizeOf(rstd.shape) !== rows) {
    throw new ShapeError(
      `Cannot differentiate a norm: x is [${x.shape}], dy [${dy.shape}], mean [${mean.shape}], rstd [${rstd.shape}]: ` +
        `wanted [${x.shape}], [${rows}], [${rows}]`,
    );
  }
}

function gradientCases(
  inputs: (x: Shape, channels: number, rows: number) => readonly Shape[],
): Op<null>["cases"] {
  return [[2, 3, 5], [1, 1], [37, 130], [5, 769]].map((x) => {
    const { rows, channels } = rowsOf({ shape: x, dtype: "f32" });
    return { inputs: inputs(x, channels, rows), attrs: null };
  });
}
