/**
 * WGSL of root mean square normalization. A workgroup holds a whole row in registers, so that memory is read
 * once.
 *
 * @module
 */
import type { Call } from "../../core/graph.ts";
import { grid, wgslBindings } from "../../core/wgsl.ts";
import type { WgslKernel } from "../../core/gpu.ts";
import { rowGrid, workgroupSum } from "../reduce/workgroup_reduce.ts";
import { rowLayout } from "./row_norm.ts";

/** Returns the kernel that computes `y` and `rrms` from `x` and `weight`, with one workgroup per row. */
export function rmsNormKernel(
  call: Call,
  { rows, columns: channels, eps }: { readonly rows: number; readonly columns: number; readonly eps: number },
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
  var squares = 0.0;
  ${
      columns(({ c, i, within }) =>
        `var x${i} = 0.0;
  ${within(`x${i} = in0[start + ${c}]; squares += x${i} * x${i};`)}`
      )
    }
  let rrms = 1.0 / sqrt(workgroupSum(squares, lane) / ${channels}.0 + ${eps});
  ${columns(({ c, i, within }) => within(`out0[start + ${c}] = x${i} * rrms * in1[${c}];`))}
  if (lane == 0u) { out1[row] = rrms; }
}`,
  };
}

/**
 * Returns the kernel that computes `dx` and partial sums from `x`, `weight`, `rrms` and `dy`, with one
 * workgroup per `block` rows. A lane adds up `dweight` for its columns over all rows of the block.
 */
export function rmsNormGradKernel(
  call: Call,
  { rows, columns: channels, block }: {
    readonly rows: number;
    readonly columns: number;
    readonly block: number;
  },
): WgslKernel {
  const { lanes, columns } = rowLayout(channels), blocks = Math.ceil(rows / block);
  const workgroups = grid(blocks, 1);
  return {
    workgroups,
    code: `${wgslBindings(call)}
${workgroupSum(lanes)}

@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let block = group.x + group.y * ${workgroups[0]}u;
  if (block >= ${blocks}u) { return; }
  ${
      columns(({ c, i, within }) =>
        `var weight${i} = 0.0;
  var ofWeight${i} = 0.0;
  ${within(`weight${i} = in1[${c}];`)}`
      )
    }
  let end = min((block + 1u) * ${block}u, ${rows}u);
  for (var row = block * ${block}u; row < end; row++) {
    let start = row * ${channels}u;
    let rrms = in2[row];
    var dot = 0.0; // sum of g = weight dy times the normalized x
    ${
      columns(({ c, i, within }) =>
        `var normal${i} = 0.0;
    var g${i} = 0.0;
    ${
          within(`let dy = in3[start + ${c}];
      normal${i} = in0[start + ${c}] * rrms;
      g${i} = weight${i} * dy;
      dot += g${i} * normal${i};
      ofWeight${i} += dy * normal${i};`)
        }`
      )
    }
    let average = workgroupSum(dot, lane) / ${channels}.0;
    ${columns(({ c, i, within }) => within(`out0[start + ${c}] = rrms * (g${i} - normal${i} * average);`))}
  }
  ${columns(({ c, i, within }) => within(`out1[block * ${channels}u + ${c}] = ofWeight${i};`))}
}`,
  };
}
