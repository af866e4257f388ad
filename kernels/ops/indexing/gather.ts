/**
 * Takes rows of a table by index (an embedding); the adjoint adds rows to a table by index. No atomics on
 * floats are used: rows with the same index are added in order of position, so results are reproducible.
 *
 * @module
 */
import { fill, fillOp } from "../../core/gradient_ops.ts";
import { flat, grid, wgslBindings } from "../../core/wgsl.ts";
import type { Call, Op, Tensor } from "../../core/graph.ts";
import { define } from "../../core/op.ts";
import type { WgslKernel } from "../../core/gpu.ts";
import { bytesOf, ShapeError, sizeOf, type Spec } from "../../core/tensor.ts";
import { quantizedGather } from "../quantized/quantized_gather.ts";
import { expectF32, expectU32 } from "../specs.ts";

/**
 * Takes rows of a table by index: `table` [..., C], viewed as V rows, and `ids` u32 [...] → [..., C]. An id
 * of V or more gives zeros. The table may be a quantised weight.
 */
export function gather(table: Tensor, ids: Tensor): Tensor {
  if (table.blocks !== undefined) return quantizedGather(table, ids);
  return callGather([table, ids], null)[0];
}

/**
 * Adds each row to the row of `acc` that its id selects, in place and in order of position: `acc` [V, C],
 * `ids` u32 [...], `rows` [..., C] → `acc`. Rows whose id is V or more are ignored.
 */
export function scatterAdd(acc: Tensor, ids: Tensor, rows: Tensor): Tensor {
  return callScatterAdd([acc, ids, rows], null)[0];
}

/** Takes rows of a table by index. */
export const gatherOp: Op<null> = {
  name: "gather",
  infer: ([table, ids]) => {
    expectTable("gather", { table, ids });
    return [{ shape: [...ids.shape, rowLength(table)], dtype: "f32" }];
  },
  vjp: (call, [g]) => {
    const [table, ids] = call.inputs;
    return [g === null ? null : scatterAdd(fill(table, 0), ids, g), null];
  },
  reference: ([table, ids], call) => {
    const { count, columns, rows } = tableSizes(call);
    const out = new Float64Array(count * columns);
    ids.forEach((id, p) => {
      if (id < rows) out.set(table.subarray(id * columns, (id + 1) * columns), p * columns);
    });
    return [out];
  },
  wgsl: (call) => {
    const { columns, rows } = tableSizes(call);
    return flat(
      call,
      `let row = in1[i / ${columns}u];
  if (row < ${rows}u) { out0[i] = in0[row * ${columns}u + i % ${columns}u]; } else { out0[i] = 0.0; }`,
    );
  },
  wasm: (call) => Object.values(tableSizes(call)),
  traffic: ({ inputs: [, ids], outputs: [y] }) => ({ read: bytesOf(ids) + bytesOf(y), written: bytesOf(y) }),
  cases: [
    { inputs: [[7, 5], [11]], attrs: null, fill: ["normal", { below: 7 }] },
    // Some ids are past the end of the table.
    { inputs: [[2, 3, 67], [2, 9]], attrs: null, fill: ["normal", { below: 8 }] },
    { inputs: [[3, 1], []], attrs: null, fill: ["normal", { below: 3 }] },
    { inputs: [[50304, 768], [4, 1024]], attrs: null, fill: ["normal", { below: 50257 }], bench: true },
  ],
};

/** `acc[id] += row`, in place. */
export const scatterAddOp: Op<null> = {
  name: "scatter_add",
  inPlace: [0],
  infer: ([acc, ids, rows]) => {
    expectTable("scatter_add", { table: acc, ids });
    expectF32("scatter_add", { rows });
    if (sizeOf(rows.shape) !== sizeOf(ids.shape) * rowLength(acc)) {
      throw new ShapeError(
        `Cannot call scatter_add: rows are [${rows.shape}], wanted [${[
          ...ids.shape,
          rowLength(acc),
        ]}]: one row \
of acc [${acc.shape}] for each id of [${ids.shape}]`,
      );
    }
    return [{ shape: acc.shape, dtype: "f32" }];
  },
  addTo: ({ inputs: [acc, ids, rows] }, buffer) =>
    acc.call?.op === fillOp && acc.call.attrs.value === 0 ? scatterAdd(buffer, ids, rows) : null,
  reference: ([acc, ids, added], call) => {
    const { columns, rows } = tableSizes(call);
    const out = acc.slice();
    ids.forEach((id, p) => {
      if (id >= rows) return;
      for (let c = 0; c < columns; c++) out[id * columns + c] += added[p * columns + c];
    });
    return [out];
  },
  wgsl: scatterKernel,
  wasm: (call) => Object.values(tableSizes(call)),
  flops: (call) => sizeOf(call.inputs[2].shape),
  // An upper bound: rows with the same id are added up before they are written.
  traffic: ({ inputs: [, ids, rows] }) => ({
    read: bytesOf(ids) + 2 * bytesOf(rows),
    written: bytesOf(rows),
  }),
  cases: [
    { inputs: [[7, 5], [11], [11, 5]], attrs: null, fill: ["normal", { below: 7 }, "normal"] },
    { inputs: [[6, 67], [2, 9], [2, 9, 67]], attrs: null, fill: ["normal", { below: 8 }, "normal"] },
    // Each id occurs about 200 times.
    { inputs: [[3, 5], [600], [600, 5]], attrs: null, fill: ["zeros", { below: 3 }, "normal"] },
    {
      inputs: [[50304, 768], [4, 1024], [4, 1024, 768]],
      attrs: null,
      fill: ["zeros", { below: 50257 }, "normal"],
      bench: true,
    },
  ],
};

const callGather = define(gatherOp);
const callScatterAdd = define(scatterAddOp);

function expectTable(op: string, { table, ids }: { table: Spec; ids: Spec }): void {
  expectF32(op, { [op === "gather" ? "table" : "acc"]: table });
  expectU32(op, { ids });
  if (table.shape.length === 0) {
    throw new ShapeError(`Cannot call ${op}: the table is a scalar, wanted [V, C]`);
  }
}

function rowLength(table: Spec): number {
  return table.shape[table.shape.length - 1];
}

/** Returns the sizes of a call, in the order of the WASM kernel's arguments. */
function tableSizes(call: Call): { count: number; columns: number; rows: number } {
  const [table, ids] = call.inputs, columns = rowLength(table);
  return { count: sizeOf(ids.shape), columns, rows: sizeOf(table.shape) / columns };
}

/**
 * Returns a kernel with one workgroup per position. The workgroup of the first position with an id adds all
 * rows of that id. It compares 256 ids at a time and marks the equal ones in a bit set; then every lane adds
 * up the marked rows, in order, for its own columns.
 */
function scatterKernel(call: Call): WgslKernel {
  const { count, columns, rows } = tableSizes(call);
  const workgroups = grid(count, 1);
  return {
    workgroups,
    code: `${wgslBindings(call)}
var<workgroup> earlier: atomic<u32>;
var<workgroup> idle: u32;
var<workgroup> equal: array<atomic<u32>, 8>; // one bit for each of 256 positions
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let position = group.x + group.y * ${workgroups[0]}u;
  if (position >= ${count}u) { return; }
  let id = in1[position];
  for (var q = lane; q < position; q += 256u) {
    if (in1[q] == id) { atomicStore(&earlier, 1u); break; }
  }
  workgroupBarrier();
  if (lane == 0u) { idle = select(atomicLoad(&earlier), 1u, id >= ${rows}u); }
  if (workgroupUniformLoad(&idle) == 1u) { return; }
  for (var base = position; base < ${count}u; base += 256u) {
    if (lane < 8u) { atomicStore(&equal[lane], 0u); }
    workgroupBarrier();
    if (base + lane < ${count}u) {
      if (in1[base + lane] == id) { atomicOr(&equal[lane / 32u], 1u << (lane % 32u)); }
    }
    workgroupBarrier();
    for (var c = lane; c < ${columns}u; c += 256u) {
      var total = in0[id * ${columns}u + c];
      for (var word = 0u; word < 8u; word++) {
        var bits = atomicLoad(&equal[word]);
        while (bits != 0u) {
          total += in2[(base + word * 32u + firstTrailingBit(bits)) * ${columns}u + c];
          bits &= bits - 1u;
        }
      }
      in0[id * ${columns}u + c] = total;
    }
    workgroupBarrier();
  }
}`,
  };
}
