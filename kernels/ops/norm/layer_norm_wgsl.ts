/**
 * WGSL of layer normalization. A workgroup holds a whole row in registers, so that memory is read once.
 *
 * @module
 */
import type { Call } from "../../core/graph.ts";
import { grid, wgslBindings } from "../../core/wgsl.ts";
import type { WgslKernel } from "../../core/gpu.ts";
import { rowLayout } from "./row_norm.ts";
import { rowGrid, workgroupSum, workgroupSums } from "../reduce/workgroup_reduce.ts";

/**
 * Returns the kernel that computes `y`, `mean` and `rstd` from `x`, `weight` and `bias`, with one workgroup
 * per row.
 */
export function layerNormKernel(
  call: Call,
  { rows, channels, eps }: { readonly rows: number; readonly channels: number; readonly eps: number },
): WgslKernel {
  const { lanes, columns } = rowLayout(channels), { workgroups, find } = rowGrid(rows);
  return {
    workgroups,
    code: `${wgslBindings(call)}
${workgroupSum(lanes)}

@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  ${find}
  let start = row * ${channels}u;
  var sum = 0.0;
  ${
      columns(({ c, i, within }) =>
        `var x${i} = 0.0;
  ${within(`x${i} = in0[start + ${c}]; sum += x${i};`)}`
      )
    }
  let mean = workgroupSum(sum, lane) / ${channels}.0;
  var squares = 0.0;
  ${columns(({ i, within }) => within(`x${i} -= mean; squares += x${i} * x${i};`))}
  let rstd = 1.0 / sqrt(workgroupSum(squares, lane) / ${channels}.0 + ${eps});
  ${columns(({ c, i, within }) => within(`out0[start + ${c}] = x${i} * rstd * in1[${c}] + in2[${c}];`))}
  if (lane == 0u) { out1[row] = mean; out2[row] = rstd; }
}`,
  };
}

/**
 * Returns the kernel that computes `dx` and partial sums from `x`, `weight`, `mean`, `rstd` and `dy`, with
 * one workgroup per `block` rows. A lane adds up `dweight` and `dbias` for its columns over all rows of the
 * block.
 */
export function layerNormGradKernel(
  call: Call,
  { rows, channels, block }: { readonly rows: number; readonly channels: number; readonly block: number },
): WgslKernel {
  const { lanes, columns } = rowLayout(channels),
    blocks = Math.ceil(rows / block),
    workgroups = grid(blocks, 1);
  return {
    workgroups,
    code: `${wgslBindings(call)}
${workgroupSums(lanes)}

@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let block = group.x + group.y * ${workgroups[0]}u;
  if (block >= ${blocks}u) { return; }
  ${
      columns(({ c, i, within }) =>
        `var weight${i} = 0.0;
  var ofWeight${i} = 0.0;
  var ofBias${i} = 0.0;
  ${within(`weight${i} = in1[${c}];`)}`
      )
    }
  let end = min((block + 1u) * ${block}u, ${rows}u);
  for (var row = block * ${block}u; row < end; row++) {
    let start = row * ${channels}u;
    let mean = in2[row];
    let rstd = in3[row];
    var sums = vec2f(0.0, 0.0); // sums of g = weight dy, and of g times the normalized x
    ${
      columns(({ c, i, within }) =>
        `var normal${i} = 0.0;
    var g${i} = 0.0;
    ${
          within(`let dy = in4[start + ${c}];
      normal${i} = (in0[start + ${c}] - mean) * rstd;
      g${i} = weight${i} * dy;
      sums += vec2f(g${i}, g${i} * normal${i});
      ofWeight${i} += dy * normal${i};
      ofBias${i} += dy;`)
        }`
      )
    }
    let average = workgroupSums(sums, lane) / ${channels}.0;
    ${
      columns(({ c, i, within }) =>
        within(`out0[start + ${c}] = rstd * (g${i} - average.x - normal${i} * average.y);`)
      )
    }
  }
  let to = block * ${2 * channels}u;
  ${
      columns(({ c, i, within }) =>
        within(`out1[to + ${c}] = ofWeight${i}; out1[to + ${channels}u + ${c}] = ofBias${i};`)
      )
    }
}`,
  };
}

/**
 * Returns the kernel that computes `dweight` and `dbias` from partial sums, with 16 columns per workgroup and
 * 16 lanes per column. Lane `i` of a column sums blocks `i`, `i + 16`, …; then lane 0 adds the lanes in
 * order.
 */
export function layerNormParamGradKernel(call: Call): WgslKernel {
  const [blocks, , channels] = call.inputs[0].shape, both = 2 * channels;
  return {
    workgroups: [Math.ceil(both / 16), 1, 1],
    code: `${wgslBindings(call)}
var<workgroup> lanes: array<f32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let column = group.x * 16u + lane % 16u;
  var sum = 0.0;
  if (column < ${both}u) {
    for (var block = lane / 16u; block < ${blocks}u; block += 16u) { sum += in0[block * ${both}u + column]; }
  }
  lanes[lane] = sum;
  workgroupBarrier();
  if (lane >= 16u || column >= ${both}u) { return; }
  for (var i = lane + 16u; i < 256u; i += 16u) { sum += lanes[i]; }
  if (column < ${channels}u) { out0[column] = sum; } else { out1[column - ${channels}u] = sum; }
}`,
  };
}
