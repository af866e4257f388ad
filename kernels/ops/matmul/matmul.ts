/**
 * Matrix multiplication with flattened leading axes, in the four layouts that a linear layer and its
 * gradients need, so that no transposed matrix is ever stored.
 *
 * @module
 */
import type { Call, Op, Tensor } from "../../core/graph.ts";
import { define } from "../../core/op.ts";
import type { WgslKernel } from "../../core/gpu.ts";
import { type Shape, ShapeError, sizeOf, type Spec } from "../../core/tensor.ts";
import { quantizedMatmul, quantizedMatmulGrad } from "../quantized/quantized_matmul.ts";
import { matmulKernel } from "./matmul_wgsl.ts";
import { type MatmulSizes, matmulVariants, variantName } from "./matmul_variants.ts";

/** Attributes of the matrix product ops. */
export interface MatmulAttrs {
  /** Whether the matrix `a` is transposed: [..., M], flattened to [K, M]. */
  readonly transposeA?: boolean;
  /** Whether the matrix `b` is transposed: [..., K], flattened to [N, K]. */
  readonly transposeB?: boolean;
  /**
   * Shape of the result, which must end in N and have one row for each row of the product. Default: see
   * `matmul()`.
   */
  readonly shape?: Shape;
}

/**
 * Returns the matrix product `a · b`, summed in float32 in the order of the depth.
 *
 * The matrix `a` [..., K] gives [..., N], where the matrix `b` is [K, N], or [N, K] with `transposeB`. With
 * `transposeA`, the matrix `a` [..., M] is flattened to [K, M] and the result is [M, N]. Leading axes of `b`
 * are flattened too. `b` may be a quantised weight. Throws ShapeError if `a` and `b` differ in
 * K, and for `transposeA` with a quantised weight.
 */
export function matmul(a: Tensor, b: Tensor, attrs: MatmulAttrs = {}): Tensor {
  if (b.blocks !== undefined) {
    if (attrs.transposeA === true) {
      throw new ShapeError(`Cannot multiply by the quantised ${b.label}: not with transposeA`);
    }
    return attrs.transposeB === true ? quantizedMatmul(a, b) : quantizedMatmulGrad(a, b);
  }
  return callMatmul([a, b], attrs)[0];
}

/** Adds `a · b` in place to `buffer`, which has the same number of elements, and returns its new value. */
export function matmulAdd(
  a: Tensor,
  b: Tensor,
  { buffer, ...attrs }: Omit<MatmulAttrs, "shape"> & { readonly buffer: Tensor },
): Tensor {
  return callMatmulAdd([a, b, buffer], attrs)[0];
}

/** Returns the sizes and layout of a call's product. */
export function matmulSizes([a, b]: readonly Spec[], attrs: MatmulAttrs): MatmulSizes {
  const [aRows, aColumns] = flatten(a.shape), [bRows, bColumns] = flatten(b.shape);
  return {
    transposeA: attrs.transposeA ?? false,
    transposeB: attrs.transposeB ?? false,
    m: attrs.transposeA ? aColumns : aRows,
    k: attrs.transposeA ? aRows : aColumns,
    n: attrs.transposeB ? bRows : bColumns,
  };
}

/** `a · b`, where each operand may be transposed. */
export const matmulOp: Op<MatmulAttrs> = {
  name: "matmul",
  infer: ([a, b], attrs) => {
    // A tensor with one axis is a single row, so that the gradient of its product is also a matrix product.
    if (a.shape.length === 0 || b.shape.length === 0) {
      throw new ShapeError(
        `Cannot multiply: a is [${a.shape}], b is [${b.shape}]: each needs at least one axis`,
      );
    }
    const { m, n, k } = matmulSizes([a, b], attrs);
    const [bRows, bColumns] = flatten(b.shape);
    const bK = attrs.transposeB ? bColumns : bRows;
    if (k !== bK) {
      const aSize = attrs.transposeA ? "the product of a's leading sizes" : "a's last size";
      const bSize = attrs.transposeB ? "b's last" : "b's first";
      throw new ShapeError(
        `Cannot multiply: a is [${a.shape}], b is [${b.shape}]: ${aSize} (${k}) must equal ${bSize} (${bK})`,
      );
    }
    const shape = attrs.shape ?? (attrs.transposeA ? [m, n] : [...a.shape.slice(0, -1), n]);
    if (sizeOf(shape) !== m * n || shape[shape.length - 1] !== n) {
      throw new ShapeError(
        `Cannot give the product [${m}, ${n}] the shape [${shape}]: it must end in ${n} and have ${
          m * n
        } elements`,
      );
    }
    return [{ shape, dtype: "f32" }];
  },
  vjp: (call, [g]) => {
    if (g === null) return [null, null];
    const [a, b] = call.inputs;
    const { transposeA = false, transposeB = false } = call.attrs;
    const ofA = transposeA
      ? matmul(b, g, { transposeA: transposeB, transposeB: true, shape: a.shape })
      : matmul(g, b, { transposeB: !transposeB, shape: a.shape });
    const ofB = transposeB
      ? matmul(g, a, { transposeA: true, transposeB: transposeA, shape: b.shape })
      : matmul(a, g, { transposeA: !transposeA, shape: b.shape });
    return [ofA, ofB];
  },
  addTo: ({ inputs: [a, b], attrs }, buffer) => callMatmulAdd([a, b, buffer], attrs)[0],
  reference: ([a, b], call) => {
    const { m, n, k } = matmulSizes(call.inputs, call.attrs);
    const [aRow, aStep] = call.attrs.transposeA ? [1, m] : [k, 1];
    const [bStep, bColumn] = call.attrs.transposeB ? [1, k] : [n, 1];
    const out = new Float64Array(m * n);
    for (let i = 0; i < m; i++) {
      for (let kk = 0; kk < k; kk++) {
        const factor = a[i * aRow + kk * aStep];
        for (let j = 0; j < n; j++) out[i * n + j] += factor * b[kk * bStep + j * bColumn];
      }
    }
    return [out];
  },
  wgsl: (call, gpu): WgslKernel => matmulKernel(call, { ...matmulSizes(call.inputs, call.attrs), gpu }),
  variants: (call, gpu) => matmulVariants(matmulSizes(call.inputs, call.attrs), gpu).map(variantName),
  wasm: (call) => {
    const { m, n, k } = matmulSizes(call.inputs, call.attrs);
    return [m, n, k, Number(call.attrs.transposeA ?? false), Number(call.attrs.transposeB ?? false)];
  },
  flops: (call: Call<MatmulAttrs>) => {
    const { m, n, k } = matmulSizes(call.inputs, call.attrs);
    return 2 * m * n * k;
  },
  cases: [
    { inputs: [[1, 1], [1, 1]], attrs: {} },
    { inputs: [[2, 3, 5], [5, 7]], attrs: {} },
    { inputs: [[5], [5, 3]], attrs: {} },
    { inputs: [[2, 3, 5], [7, 5]], attrs: { transposeB: true } },
    { inputs: [[2, 3, 5], [2, 3, 7]], attrs: { transposeA: true } },
    { inputs: [[6, 5], [7, 6]], attrs: { transposeA: true, transposeB: true } },
    { inputs: [[33, 17], [17, 65]], attrs: {} },
    { inputs: [[33, 19], [70, 19]], attrs: { transposeB: true } },
    { inputs: [[37, 34], [37, 66]], attrs: { transposeA: true } },
    { inputs: [[130, 48], [48, 72]], attrs: {} },
    { inputs: [[769, 3], [3, 513]], attrs: {} }, // large enough for the larger tiles of WGSL kernels
    { inputs: [[3, 769], [513, 3]], attrs: { transposeA: true, transposeB: true } },
    { inputs: [[256, 384], [384, 1536]], attrs: {}, bench: true },
    { inputs: [[256, 768], [2304, 768]], attrs: { transposeB: true }, bench: true },
    { inputs: [[512, 384], [512, 384]], attrs: { transposeA: true }, bench: true },
  ],
};

/** `buffer += a · b`. */
export const matmulAddOp: Op<MatmulAttrs> = {
  name: "matmul_add",
  inPlace: [2],
  infer: ([a, b, buffer], attrs) => {
    const [product] = matmulOp.infer([a, b], attrs);
    if (sizeOf(product.shape) !== sizeOf(buffer.shape)) {
      throw new ShapeError(
        `Cannot add a product of [${product.shape}] to [${buffer.shape}]: they must have equal sizes`,
      );
    }
    return [{ shape: buffer.shape, dtype: "f32" }];
  },
  reference: ([a, b, buffer], call) => {
    const [product] = matmulOp.reference([a, b], call);
    return [buffer.map((x, i) => x + product[i])];
  },
  wgsl: (call, gpu): WgslKernel => {
    const epilogue = { lines: ["in2[at] = in2[at] + value;"] };
    return matmulKernel(call, { ...matmulSizes(call.inputs, call.attrs), gpu, epilogue });
  },
  variants: (call, gpu) => matmulOp.variants!(call, gpu),
  wasm: matmulOp.wasm,
  flops: (call) => matmulOp.flops!(call) + sizeOf(call.outputs[0].shape),
  cases: matmulOp.cases.map(({ inputs, ...c }) => {
    const { m, n } = matmulSizes(inputs.map((shape) => ({ shape, dtype: "f32" })), c.attrs);
    return { inputs: [...inputs, [m, n]], ...c };
  }),
};

const callMatmul = define(matmulOp);
const callMatmulAdd = define(matmulAddOp);

/** Returns the numbers of rows (the product of the leading sizes) and of columns (the last size). */
function flatten(shape: Shape): [rows: number, columns: number] {
  return [sizeOf(shape.slice(0, -1)), shape[shape.length - 1]];
}
