/**
 * Reads and writes blocks of a tensor's rows. The index of the block is in device memory, so that all blocks
 * run the same kernel.
 *
 * @module
 */
import { flat } from "../../core/wgsl.ts";
import type { Call, Op, Tensor } from "../../core/graph.ts";
import { define } from "../../core/op.ts";
import { bytesOf, ShapeError, sizeOf, type Spec } from "../../core/tensor.ts";
import { expectF32, expectNumber, expectU32 } from "../specs.ts";

/** Attributes of `take_rows`. */
export interface TakeRowsAttrs {
  /** Number of rows per block, 1 or more. */
  readonly rows: number;
}

/**
 * Returns rows `block·R` … `block·R + R - 1` of `x` [..., C] as [R, C], with zeros past the last row; `block`
 * is u32 [1]. `takeRows` has no vjp, because its callers define their own gradients. Throws ShapeError unless
 * `x` is f32 and `block` is a single u32.
 */
export function takeRows(x: Tensor, { block, rows }: { block: Tensor; rows: number }): Tensor {
  return callTakeRows([x, block], { rows })[0];
}

/**
 * Replaces R rows of `buffer` [..., C] in place, starting with row `block·R`, by the rows of `part`. `part`
 * is [R, C], or [C] for a single row. Rows of `part` that would be past the end of the buffer are ignored.
 */
export function putRows(buffer: Tensor, { block, part }: { block: Tensor; part: Tensor }): Tensor {
  return callPutRows([buffer, part, block], null)[0];
}

/** `(x, block) →` rows of `x`. */
export const takeRowsOp: Op<TakeRowsAttrs> = {
  name: "take_rows",
  infer: ([x, block], { rows }) => {
    const columns = columnsOf("take_rows", x);
    expectF32("take_rows", { x });
    expectBlock("take_rows", block);
    if (!Number.isInteger(rows) || rows < 1) {
      throw new ShapeError(`Cannot call take_rows: rows is ${rows}, wanted a whole number above 0`);
    }
    return [{ shape: [rows, columns], dtype: "f32" }];
  },
  reference: ([x, [block]], call) => {
    const [total, n] = takeSizes(call), out = new Float64Array(n);
    out.set(x.subarray(Math.min(block * n, total), Math.min((block + 1) * n, total)));
    return [out];
  },
  wgsl: (call) => {
    const [total, n] = takeSizes(call);
    return flat(
      call,
      `let at = in1[0] * ${n}u + i;
  if (at < ${total}u) { out0[i] = in0[at]; } else { out0[i] = 0.0; }`,
    );
  },
  wasm: (call) => takeSizes(call),
  traffic: ({ inputs: [, block], outputs: [y] }) => ({
    read: bytesOf(y) + bytesOf(block),
    written: bytesOf(y),
  }),
  cases: [
    { inputs: [[2, 4, 5], [1]], attrs: { rows: 3 }, fill: ["normal", { below: 2 }] },
    { inputs: [[7, 33], [1]], attrs: { rows: 7 }, fill: ["normal", { below: 1 }] },
    { inputs: [[7, 33], [1]], attrs: { rows: 9 }, fill: ["normal", { below: 1 }] }, // ends in 2 rows of zeros
    { inputs: [[7, 3], [1]], attrs: { rows: 4 }, fill: ["normal", { below: 1000 }] }, // block past the end
    { inputs: [[4096, 768], [1]], attrs: { rows: 512 }, fill: ["normal", { below: 8 }], bench: true },
  ],
};

/** `(buffer, part, block) → buffer`, in place. */
export const putRowsOp: Op<null> = {
  name: "put_rows",
  inPlace: [0],
  infer: ([buffer, part, block]) => {
    const columns = columnsOf("put_rows", buffer);
    expectF32("put_rows", { buffer, part });
    expectBlock("put_rows", block);
    if (part.shape.length > 2 || columnsOf("put_rows", part) !== columns) {
      throw new ShapeError(
        `Cannot call put_rows: part is [${part.shape}], buffer [${buffer.shape}]: wanted [rows, ${columns}]`,
      );
    }
    return [{ shape: buffer.shape, dtype: "f32" }];
  },
  reference: ([buffer, part, [block]]) => {
    const out = buffer.slice(), at = block * part.length;
    if (at < out.length) out.set(part.subarray(0, out.length - at), at);
    return [out];
  },
  wgsl: (call) => {
    const [total, n] = putSizes(call);
    return flat(call, `let at = in2[0] * ${n}u + i;\n  if (at < ${total}u) { in0[at] = in1[i]; }`, {
      count: n,
    });
  },
  wasm: (call) => putSizes(call),
  traffic: ({ inputs: [, part, block] }) => ({
    read: bytesOf(part) + bytesOf(block),
    written: bytesOf(part),
  }),
  cases: [
    { inputs: [[2, 4, 5], [3, 5], [1]], attrs: null, fill: ["normal", "normal", { below: 2 }] },
    { inputs: [[7, 33], [7, 33], [1]], attrs: null, fill: ["normal", "normal", { below: 1 }] },
    // The part is longer than the buffer.
    { inputs: [[7, 33], [9, 33], [1]], attrs: null, fill: ["normal", "normal", { below: 1 }] },
    // The block is past the end of the buffer.
    { inputs: [[7, 3], [4, 3], [1]], attrs: null, fill: ["normal", "normal", { below: 1000 }] },
    // The part has one axis.
    { inputs: [[5, 1], [1], [1]], attrs: null, fill: ["normal", "normal", { below: 5 }] },
    {
      inputs: [[4096, 768], [512, 768], [1]],
      attrs: null,
      fill: ["normal", "normal", { below: 8 }],
      bench: true,
    },
  ],
};

const callTakeRows = define(takeRowsOp);
const callPutRows = define(putRowsOp);

function columnsOf(op: string, x: Spec): number {
  if (x.shape.length === 0) {
    throw new ShapeError(`Cannot call ${op}: x is a scalar, wanted at least one axis`);
  }
  return x.shape[x.shape.length - 1];
}

function expectBlock(op: string, block: Spec): void {
  expectU32(op, { block });
  expectNumber(op, { block });
}

/** Returns the number of elements of the tensor, and number of elements of a block. */
function takeSizes(call: Call): readonly [number, number] {
  return [sizeOf(call.inputs[0].shape), sizeOf(call.outputs[0].shape)];
}

/** Returns the number of elements of the tensor, and number of elements of a block. */
function putSizes(call: Call): readonly [number, number] {
  return [sizeOf(call.inputs[0].shape), sizeOf(call.inputs[1].shape)];
}
