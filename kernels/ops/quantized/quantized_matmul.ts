/**
 * Products of activations with a quantised weight, which stays as it is in memory. Gradients flow to the
 * activations; the weight has none.
 *
 * @module
 */
import {
  type Activations,
  type BlockLayout,
  dequantizedWeight,
  hasProducts,
  placedRows,
  type ProductFormat,
  productFormats,
  rowsOfLayout,
  wordsOfLayout,
} from "../../core/blocks/block_layout.ts";
import type { Case } from "../../core/case.ts";
import type { Op, Tensor } from "../../core/graph.ts";
import { define } from "../../core/op.ts";
import { bytesOf, ShapeError, sizeOf, type Spec } from "../../core/tensor.ts";
import { expectF32, expectU32, rowsOf } from "../specs.ts";
import { quantizedMatmulGradKernel, quantizedMatmulKernel } from "./quantized_matmul_wgsl.ts";
import { roundedActivations } from "./rounded_activations.ts";

/**
 * Largest number of columns of a quantised weight: a thread of the CPU engine keeps eight rows of activations
 * in its scratch memory.
 */
const MOST_COLUMNS = 32_768;

/**
 * Returns `x · weightᵀ`: `x` [..., K] → [..., N], where `weight` has `blocks` of N rows and K columns. Throws
 * ShapeError if the sizes do not match or the weight is not quantised.
 */
export function quantizedMatmul(x: Tensor, weight: Tensor): Tensor {
  if (weight.blocks === undefined) {
    throw new ShapeError(`Cannot multiply by ${weight.label}: it is not quantised`);
  }
  return callMatmul([x, weight], weight.blocks)[0];
}

/**
 * Returns `g · weight`, the gradient of the activations of `quantizedMatmul`: `g` [..., N] → [..., K]. Throws
 * ShapeError if the sizes do not match or the weight is not quantised.
 */
export function quantizedMatmulGrad(g: Tensor, weight: Tensor): Tensor {
  if (weight.blocks === undefined) {
    throw new ShapeError(`Cannot multiply by ${weight.label}: it is not quantised`);
  }
  return callMatmulGrad([g, weight], weight.blocks)[0];
}

/** `x, weight → y`. */
export const quantizedMatmulOp: Op<BlockLayout> = {
  name: "quantized_matmul",
  infer: ([x, weight], layout) => {
    expectF32("quantized_matmul", { x });
    checkLayout("quantized_matmul", { weight, layout });
    if (x.shape.at(-1) !== layout.columns) {
      throw new ShapeError(
        `Cannot multiply: x is [${x.shape}], the quantised weight is [${
          rowsOfLayout(layout)
        }, ${layout.columns}]: their last sizes must be equal`,
      );
    }
    return [{ shape: [...x.shape.slice(0, -1), rowsOfLayout(layout)], dtype: "f32" }];
  },
  vjp: (
    { inputs: [, weight], attrs },
    [g],
  ) => [g === null ? null : callMatmulGrad([g, weight], attrs)[0], null],
  reference: ([x, words], { attrs: layout }) => {
    const w = dequantizedWeight(bytesOfWords(words), layout), { columns } = layout;
    const a = layout.activations === "i8" ? roundedActivations(x) : x;
    const m = a.length / columns, n = w.length / columns, out = new Float64Array(m * n);
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        for (let k = 0; k < columns; k++) out[i * n + j] += a[i * columns + k] * w[j * columns + k];
      }
    }
    return [out];
  },
  wgsl: (call) => quantizedMatmulKernel(call, rowsOf(call.inputs[0])),
  wasm: ({ inputs: [x], attrs: layout }) => [
    rowsOf(x).rows,
    rowsOfLayout(layout),
    layout.columns,
    Number(layout.activations === "i8"),
    ...wasmParts(layout),
  ],
  flops: ({ inputs: [x], attrs: layout }) => 2 * sizeOf(x.shape) * rowsOfLayout(layout),
  traffic: ({ inputs: [x, w], outputs: [y] }) => ({ read: bytesOf(x) + bytesOf(w), written: bytesOf(y) }),
  cases: [
    ...productFormats.flatMap((format) => [
      productCase([1, 1], { format, rows: 5, columns: 512 }),
      productCase([3], { format, rows: 7, columns: 256 }),
      productCase([2, 17], { format, rows: 37, columns: 768 }),
    ]),
    productCase([2], { format: "q8_0", rows: 3, columns: 32 }),
    productCase([1, 9], { format: "q4_1", rows: 66, columns: 96 }),
    mixedCase([1], "f32"),
    mixedCase([12], "f32"),
    mixedCase([1], "i8"),
    mixedCase([12], "i8"),
    productCase([1], { format: "q4_1", rows: 3072, columns: 576, bench: true }),
  ],
};

/**
 * `g, weight → g · weight`: `g` [..., N] → [..., K]. For rounded activations it is the gradient of products
 * without the rounding.
 */
export const quantizedMatmulGradOp: Op<BlockLayout> = {
  name: "quantized_matmul_grad",
  infer: ([g, weight], layout) => {
    expectF32("quantized_matmul_grad", { g });
    checkLayout("quantized_matmul_grad", { weight, layout });
    const rows = rowsOfLayout(layout);
    if (g.shape.at(-1) !== rows) {
      throw new ShapeError(
        `Cannot multiply: g is [${g.shape}], the quantised weight is [${rows}, ${layout.columns}]: g's last size must be ${rows}`,
      );
    }
    return [{ shape: [...g.shape.slice(0, -1), layout.columns], dtype: "f32" }];
  },
  reference: ([g, words], { attrs: layout }) => {
    const w = dequantizedWeight(bytesOfWords(words), layout), { columns } = layout;
    const n = w.length / columns, m = g.length / n, out = new Float64Array(m * columns);
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        for (let k = 0; k < columns; k++) out[i * columns + k] += g[i * n + j] * w[j * columns + k];
      }
    }
    return [out];
  },
  wgsl: (call) => quantizedMatmulGradKernel(call, rowsOf(call.inputs[0])),
  wasm: ({ inputs: [g], attrs: layout }) => [
    rowsOf(g).rows,
    rowsOfLayout(layout),
    layout.columns,
    0,
    ...wasmParts(layout),
  ],
  flops: ({ inputs: [g], attrs: layout }) => 2 * sizeOf(g.shape) * layout.columns,
  cases: [
    gradCase([1], { parts: [{ format: "q8_0", rows: 5 }], columns: 32, activations: "f32" }),
    gradCase([2, 17], { parts: [{ format: "q4_1", rows: 300 }], columns: 96, activations: "f32" }),
    gradCase([3], mixedLayout("f32")),
    gradCase([40], mixedLayout("f32")),
  ],
};

const callMatmul = define(quantizedMatmulOp);
const callMatmulGrad = define(quantizedMatmulGradOp);

/** Throws ShapeError unless `weight` has the words of a layout that kernels can read. */
export function checkLayout(
  op: string,
  { weight, layout }: { readonly weight: Spec; readonly layout: BlockLayout },
): void {
  expectU32(op, { weight });
  const { parts, columns } = layout;
  const wrong = parts.find(({ format, rows }) => !hasProducts(format, columns) || !(rows > 0));
  if (wrong !== undefined || parts.length === 0 || columns > MOST_COLUMNS) {
    throw new ShapeError(
      `Cannot call ${op}: no kernel for ${
        wrong?.format ?? "a weight"
      } of ${columns} columns: wanted whole blocks of ${
        productFormats.join(", ")
      } and at most ${MOST_COLUMNS} columns`,
    );
  }
  if (sizeOf(weight.shape) !== wordsOfLayout(layout)) {
    throw new ShapeError(
      `Cannot call ${op}: weight is [${weight.shape}] words, its layout has ${wordsOfLayout(layout)}`,
    );
  }
}

/** Returns the bytes of words that an engine hands to `reference` as numbers. */
export function bytesOfWords(words: Float64Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Uint32Array.from(words).buffer);
}

/** Returns the arguments of a WASM kernel for the parts: how many, then three numbers for each. */
export function wasmParts(layout: BlockLayout): readonly number[] {
  const parts = placedRows(layout);
  return [
    parts.length,
    ...parts.flatMap(({ format, rows, offset }) => [productFormats.indexOf(format), rows, offset]),
  ];
}

/** Returns a layout of three formats, whose second part does not begin at a whole word. */
export function mixedLayout(activations: Activations): BlockLayout {
  const parts = [
    { format: "q6_k", rows: 3 },
    { format: "q8_0", rows: 9 },
    { format: "q4_k", rows: 41 },
    { format: "q4_0", rows: 16 },
    { format: "q4_1", rows: 2 },
  ] as const;
  return { parts, columns: 512, activations };
}

function gradCase(leading: readonly number[], layout: BlockLayout): Case<BlockLayout> {
  return {
    inputs: [[...leading, rowsOfLayout(layout)], [wordsOfLayout(layout)]],
    attrs: layout,
    fill: ["normal", { blocks: layout }],
  };
}

function mixedCase(leading: readonly number[], activations: Activations): Case<BlockLayout> {
  return caseOf(leading, mixedLayout(activations));
}

function productCase(
  leading: readonly number[],
  { format, rows, columns, bench }: {
    readonly format: ProductFormat;
    readonly rows: number;
    readonly columns: number;
    readonly bench?: boolean;
  },
): Case<BlockLayout> {
  const layout = { parts: [{ format, rows }], columns, activations: "f32" } as const;
  return { ...caseOf(leading, layout), ...(bench === true && { bench }) };
}

function caseOf(leading: readonly number[], layout: BlockLayout): Case<BlockLayout> {
  return {
    inputs: [[...leading, layout.columns], [wordsOfLayout(layout)]],
    attrs: layout,
    fill: ["normal", { blocks: layout }],
    ...(layout.activations === "i8" && { constants: [0] }), // finite differences of a rounding mean nothing
  };
}
