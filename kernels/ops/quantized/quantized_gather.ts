/**
 * Rows of a quantised table by index: an embedding.
 *
 * @module
 */
import {
  type BlockLayout,
  dequantizedWeight,
  placedRows,
  rowsOfLayout,
  wordsOfLayout,
} from "../../core/blocks/block_layout.ts";
import type { Call, Op, Tensor } from "../../core/graph.ts";
import type { WgslKernel } from "../../core/gpu.ts";
import { define } from "../../core/op.ts";
import { bytesOf, ShapeError, sizeOf } from "../../core/tensor.ts";
import { grid, wgslBindings } from "../../core/wgsl.ts";
import { expectU32 } from "../specs.ts";
import { byteReaders, PIECE, signedBytes, weightsFunction } from "./block_wgsl.ts";
import { bytesOfWords, checkLayout, mixedLayout, wasmParts } from "./quantized_matmul.ts";

/**
 * Takes rows of a quantised table by index: `table` has `blocks` of V rows and C columns, `ids` u32 [...] →
 * [..., C]. An id of V or more gives zeros. Throws ShapeError if the table is not quantised.
 */
export function quantizedGather(table: Tensor, ids: Tensor): Tensor {
  if (table.blocks === undefined) {
    throw new ShapeError(`Cannot take rows of ${table.label}: it is not quantised`);
  }
  return callGather([table, ids], table.blocks)[0];
}

/** `table, ids → rows`. */
export const quantizedGatherOp: Op<BlockLayout> = {
  name: "quantized_gather",
  infer: ([table, ids], layout) => {
    expectU32("quantized_gather", { ids });
    checkLayout("quantized_gather", { weight: table, layout });
    return [{ shape: [...ids.shape, layout.columns], dtype: "f32" }];
  },
  reference: ([words, ids], { attrs: layout }) => {
    const table = dequantizedWeight(bytesOfWords(words), layout), { columns } = layout;
    const out = new Float64Array(ids.length * columns), rows = rowsOfLayout(layout);
    ids.forEach((id, i) => {
      if (id < rows) out.set(table.subarray(id * columns, (id + 1) * columns), i * columns);
    });
    return [out];
  },
  wgsl: gatherKernel,
  wasm: ({ inputs: [, ids], attrs: layout }) => [
    sizeOf(ids.shape),
    layout.columns,
    rowsOfLayout(layout),
    ...wasmParts(layout),
  ],
  traffic: ({ inputs: [table, ids], outputs: [y], attrs: layout }) => ({
    read: bytesOf(ids) + bytesOf(table) / rowsOfLayout(layout) * sizeOf(ids.shape),
    written: bytesOf(y),
  }),
  cases: [
    gatherCase([11], { below: 75, layout: mixedLayout("f32") }),
    gatherCase([2, 5], {
      below: 9,
      layout: { parts: [{ format: "q8_0", rows: 8 }], columns: 96, activations: "i8" },
    }),
  ],
};

const callGather = define(quantizedGatherOp);

/** Returns a kernel with one invocation for each piece of the result. */
function gatherKernel(call: Call<BlockLayout>): WgslKernel {
  const { inputs: [, ids], attrs: layout } = call, parts = placedRows(layout);
  const pieces = layout.columns / PIECE, count = sizeOf(ids.shape) * pieces, workgroups = grid(count, 64);
  return {
    workgroups,
    code: `${wgslBindings(call, { out0: "vec4f" })}
${byteReaders("in0")}
${signedBytes}
${parts.map((part, i) => weightsFunction(`weights${i}`, { ...part, columns: layout.columns })).join("\n")}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * ${workgroups[0] * 64}u;
  if (i >= ${count}u) { return; }
  let row = in1[i / ${pieces}u];
  let piece = i % ${pieces}u;
  var values: array<vec4f, 4>;
  ${
      parts.map(({ first, rows }, i) =>
        `if (row >= ${first}u && row < ${first + rows}u) { values = weights${i}(row - ${first}u, piece); }`
      ).join("\n  ")
    }
  for (var v = 0u; v < 4u; v++) { out0[4u * i + v] = values[v]; }
}`,
  };
}

function gatherCase(
  shape: readonly number[],
  { below, layout }: { readonly below: number; readonly layout: BlockLayout },
): Op<BlockLayout>["cases"][number] {
  return { inputs: [[wordsOfLayout(layout)], shape], attrs: layout, fill: [{ blocks: layout }, { below }] };
}
