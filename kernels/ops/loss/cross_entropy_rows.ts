/**
 * Cross entropy of one block of rows at a time. Only the logits of a single block exist; the tensors of
 * losses, targets and log-sum-exps cover all rows.
 *
 * @module
 */
import type { Call, Op, Tensor } from "../../core/graph.ts";
import { define } from "../../core/op.ts";
import { bytesOf, ShapeError, sizeOf, type Spec } from "../../core/tensor.ts";
import {
  type CrossEntropyAttrs,
  crossEntropyGradOp,
  crossEntropyOp,
  logitGradKernel,
  lossKernel,
} from "./cross_entropy.ts";
import { expectU32, rowsOf } from "../specs.ts";

/** A block of rows, and tensors that cover all rows. */
export interface RowBlock {
  /** Index of the block, u32 [1]; a block of R rows starts at row `block·R`. */
  readonly block: Tensor;
  /** Targets of all rows. */
  readonly targets: Tensor;
  /** Log-sum-exps of all rows. */
  readonly lse: Tensor;
}

/**
 * Computes the losses and log-sum-exps of a block's rows from the block's logits [R, V] and stores them in
 * place. Returns the new values of both tensors.
 */
export function crossEntropyRows(
  logits: Tensor,
  { losses, lse, targets, block, valid }: RowBlock & CrossEntropyAttrs & { readonly losses: Tensor },
): readonly [losses: Tensor, lse: Tensor] {
  const [newLosses, newLse] = callRows([losses, lse, logits, targets, block], { valid });
  return [newLosses, newLse];
}

/**
 * Replaces a block's logits [R, V] by their gradients, in place. The tensor `dlosses` holds the gradients of
 * the losses of all rows.
 */
export function crossEntropyRowsGrad(
  logits: Tensor,
  { dlosses, lse, targets, block, valid }: RowBlock & CrossEntropyAttrs & { readonly dlosses: Tensor },
): Tensor {
  return callRowsGrad([logits, targets, lse, dlosses, block], { valid })[0];
}

/**
 * Computes `losses` and `lse`, in place, from `losses`, `lse`, the logits of a block, `targets` and `block`.
 */
export const crossEntropyRowsOp: Op<CrossEntropyAttrs> = {
  name: "cross_entropy_rows",
  inPlace: [0, 1],
  infer: ([losses, lse, logits, targets, block], attrs) => {
    checkBlock({ logits, block, targets, losses, lse }, attrs);
    return [{ shape: losses.shape, dtype: "f32" }, { shape: lse.shape, dtype: "f32" }];
  },
  reference: ([losses, lse, logits, targets, [block]], call) => {
    const { rows } = rowsOf(call.inputs[2]), at = block * rows;
    const own = rowsFrom(targets, { at, rows, beyond: 2 ** 32 - 1 });
    const results = crossEntropyOp.reference([logits, own], {
      ...call,
      inputs: [call.inputs[2], call.inputs[3]],
    });
    return [losses, lse].map((all, i) => {
      const out = all.slice();
      if (at < out.length) out.set(results[i].subarray(0, out.length - at), at);
      return out;
    });
  },
  wgsl: (call) =>
    lossKernel(call, {
      logits: "in2",
      // Rows past the last one may be skipped only here, after the barriers.
      store: ({ loss }) =>
        `let at = in4[0] * ${rowsOf(call.inputs[2]).rows}u + row;
    if (at < ${sizeOf(call.inputs[3].shape)}u) {
    let label = in3[at];
    ${loss}
    in0[at] = loss;
    in1[at] = lse;
    }`,
    }),
  wasm: (call) => wasmArgs(call, call.inputs[2]),
  flops: (call) => 4 * sizeOf(call.inputs[2].shape),
  traffic: ({ inputs: [, , logits, , block] }) => {
    const aRow = 4 * logits.shape[0]; // bytes of one f32 for each row of the block
    return { read: bytesOf(logits) + bytesOf(block) + aRow, written: 2 * aRow };
  },
  cases: [
    block({ all: [2, 4], logits: [3, 5], valid: 5, number: 2 }),
    block({ all: [7], logits: [4, 200], valid: 131, number: 2 }),
    block({ all: [7], logits: [9, 5], valid: 4, number: 1 }),
    block({ all: [7], logits: [4, 5], valid: 4, number: 1000 }), // block past the last row
    block({ all: [3], logits: [1, 1025], valid: 1025, number: 3 }),
    { ...block({ all: [4096], logits: [256, 4096], valid: 4096, number: 16 }), bench: true },
  ],
};

/**
 * Computes `dlogits`, in place of the logits, from the logits of a block, `targets`, `lse`, `dlosses` and
 * `block`.
 */
export const crossEntropyRowsGradOp: Op<CrossEntropyAttrs> = {
  name: "cross_entropy_rows_grad",
  inPlace: [0],
  infer: ([logits, targets, lse, dlosses, block], attrs) => {
    checkBlock({ logits, block, targets, lse, dlosses }, attrs);
    return [{ shape: logits.shape, dtype: "f32" }];
  },
  reference: ([logits, targets, lse, dlosses, [block]], call) => {
    const { rows } = rowsOf(call.inputs[0]), at = block * rows;
    const own = [rowsFrom(targets, { at, rows, beyond: 2 ** 32 - 1 })];
    own.push(...[lse, dlosses].map((all) => rowsFrom(all, { at, rows, beyond: 0 })));
    return crossEntropyGradOp.reference([logits, ...own], call);
  },
  wgsl: (call) => {
    const total = sizeOf(call.inputs[1].shape);
    return logitGradKernel(
      call,
      `let position = in4[0] * ${rowsOf(call.inputs[0]).rows}u + row;
  let at = min(position, ${total - 1}u);
  let label = select(0xffffffffu, in1[at], position < ${total}u);
  let lse = in2[at];
  let scale = in3[at];`,
    );
  },
  wasm: (call) => wasmArgs(call, call.inputs[0]),
  flops: (call) => 4 * sizeOf(call.inputs[0].shape),
  traffic: ({ inputs: [logits, , , , block] }) => ({
    read: bytesOf(logits) + bytesOf(block) + 3 * 4 * logits.shape[0],
    written: bytesOf(logits),
  }),
  cases: crossEntropyRowsOp.cases.map(({ inputs: [all, , logits], attrs, fill, bench = false }) => ({
    inputs: [logits, all, all, all, [1]],
    attrs,
    fill: ["normal", fill![3], "positive", "normal", fill![4]],
    bench,
  })),
};

const callRows = define(crossEntropyRowsOp);
const callRowsGrad = define(crossEntropyRowsGradOp);

function block(
  o: {
    readonly all: number[];
    readonly logits: [number, number];
    readonly valid: number;
    readonly number: number;
  },
): (typeof crossEntropyRowsOp.cases)[number] {
  return {
    inputs: [o.all, o.all, o.logits, o.all, [1]],
    attrs: { valid: o.valid },
    // Some targets are `valid` and therefore ignored.
    fill: ["normal", "normal", "normal", { below: o.valid + 1 }, { below: o.number }],
  };
}

/** Returns elements `at` … `at + rows - 1` of `all`; elements past the end are `beyond`. */
function rowsFrom(all: Float64Array, o: { at: number; rows: number; beyond: number }): Float64Array {
  const out = new Float64Array(o.rows).fill(o.beyond);
  out.set(all.subarray(o.at, o.at + o.rows));
  return out;
}

function wasmArgs(call: Call<CrossEntropyAttrs>, logits: Spec): readonly number[] {
  const { rows, columns } = rowsOf(logits);
  return [rows, columns, call.attrs.valid, sizeOf(call.inputs[3].shape)];
}

function checkBlock(
  { logits, block, targets, ...others }: { logits: Spec; block: Spec; targets: Spec } & Record<string, Spec>,
  { valid }: CrossEntropyAttrs,
): void {
  expectU32("cross_entropy_rows", { targets, block });
  const rows = sizeOf(targets.shape), columns = logits.shape[1];
  if (logits.shape.length !== 2 || sizeOf(block.shape) !== 1) {
    throw new ShapeError(
      `Cannot take cross entropy of a block: logits are [${logits.shape}], the block number [${block.shape}]: wanted [rows, V] and [1]`,
    );
  }
  for (const [name, { shape }] of Object.entries(others)) {
    if (sizeOf(shape) === rows) continue;
    throw new ShapeError(
      `Cannot take cross entropy of a block: targets are [${targets.shape}], ${name} [${shape}]: wanted ${rows} ${name}`,
    );
  }
  if (!Number.isInteger(valid) || valid < 1 || valid > columns) {
    throw new ShapeError(`Cannot take cross entropy of a block: valid is ${valid}, wanted 1 … ${columns}`);
  }
}
