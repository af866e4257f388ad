/**
 * Linear layers as single ops: a product with a bias, optionally followed by GELU or added to a residual.
 * Bias, GELU and residual are applied to results while the results are still in registers or in the cache.
 *
 * @module
 */
import type { Call, Op, Tensor } from "../../core/graph.ts";
import { define } from "../../core/op.ts";
import { ShapeError, type Spec } from "../../core/tensor.ts";
import { gelu, geluOfNumber } from "../elementwise/gelu.ts";
import { matmul, matmulOp, matmulSizes } from "./matmul.ts";
import { type Epilogue, matmulKernel } from "./matmul_wgsl.ts";
import { matmulVariants, variantName } from "./matmul_variants.ts";
import { sum } from "../reduce/reduce.ts";
import { expectF32 } from "../specs.ts";

/** Parameters of a linear layer. */
export interface Affine {
  /** Weight, [K, N]. */
  readonly weight: Tensor;
  /** Bias, [N]. */
  readonly bias: Tensor;
}

/** Returns `x · weight + bias`: `x` [..., K] → [..., N]. Throws ShapeError if sizes do not match. */
export function affine(x: Tensor, { weight, bias }: Affine): Tensor {
  return callAffine([x, weight, bias], null)[0];
}

/** Returns `gelu(x · weight + bias)`. Throws ShapeError if sizes do not match. */
export function affineGelu(x: Tensor, { weight, bias }: Affine): Tensor {
  return callAffineGelu([x, weight, bias], null)[0];
}

/**
 * Returns `residual + x · weight + bias`, where `residual` has the shape of the result. Throws ShapeError if
 * sizes do not match.
 */
export function affineAdd(
  x: Tensor,
  { weight, bias, residual }: Affine & { readonly residual: Tensor },
): Tensor {
  return callAffineAdd([x, weight, bias, residual], null)[0];
}

/** `x, weight, bias → y`. */
export const affineOp: Op<null> = {
  ...common("affine", { lines: ["out0[at] = value + in2[column];"] }),
  infer: ([x, weight, bias]) => [inferred("affine", { x, weight, bias })],
  vjp: (call, [g]) => g === null ? [null, null, null] : inputGradients(call, g),
  reference: (inputs, call) => [withBias(inputs, call)],
  cases: cases([]),
};

/** `x, weight, bias → y, z`, where `z` is the argument of GELU. */
export const affineGeluOp: Op<null> = {
  ...common("affine_gelu", {
    lines: ["let before = value + in2[column];", "out1[at] = before;", "out0[at] = gelu(before);"],
    functions: geluOfNumber,
  }),
  infer: ([x, weight, bias]) => {
    const spec = inferred("affine_gelu", { x, weight, bias });
    return [spec, spec];
  },
  // The second output has no gradient, because affineGelu() does not return it.
  vjp: (call, [g]) =>
    g === null ? [null, null, null] : inputGradients(call, callGeluGrad([call.outputs[1], g], null)[0]),
  reference: (inputs, call) => {
    const before = withBias(inputs, call);
    return [...gelu.op.reference([before], { ...call, op: gelu.op }), before];
  },
  cases: cases([]),
};

/** `x, weight, bias, residual → y`. */
export const affineAddOp: Op<null> = {
  ...common("affine_add", { lines: ["out0[at] = in3[at] + (value + in2[column]);"] }),
  infer: ([x, weight, bias, residual]) => {
    const spec = inferred("affine_add", { x, weight, bias });
    expectF32("affine_add", { residual });
    if (String(residual.shape) !== String(spec.shape)) {
      throw new ShapeError(
        `Cannot call affine_add: residual is [${residual.shape}], but the result is [${spec.shape}]: they must be equal`,
      );
    }
    return [spec];
  },
  vjp: (call, [g]) => g === null ? [null, null, null, null] : [...inputGradients(call, g), g],
  reference: (inputs, call) => [withBias(inputs, call).map((y, i) => y + inputs[3][i])],
  cases: cases(["residual"]),
};

const callAffine = define(affineOp);
const callAffineGelu = define(affineGeluOp);
const callAffineAdd = define(affineAddOp);
const callGeluGrad = define(gelu.gradOp);

/** Returns the parts of the definition that the three ops share. */
function common(
  name: string,
  epilogue: Epilogue,
): Pick<Op<null>, "name" | "wgsl" | "variants" | "wasm" | "flops"> {
  return {
    name,
    wgsl: (call, gpu) => matmulKernel(call, { ...matmulSizes(call.inputs, {}), gpu, epilogue }),
    variants: (call, gpu) => matmulVariants(matmulSizes(call.inputs, {}), gpu).map(variantName),
    wasm: (call) => {
      const { m, n, k } = matmulSizes(call.inputs, {});
      return [m, n, k, 0, 0];
    },
    flops: (call) => {
      const { m, n, k } = matmulSizes(call.inputs, {});
      return 2 * m * n * k + m * n;
    },
  };
}

function inferred(
  op: string,
  { x, weight, bias }: { x: Spec; weight: Spec; bias: Spec },
): Spec {
  expectF32(op, { x, weight, bias });
  const [product] = matmulOp.infer([x, weight], {});
  const columns = product.shape[product.shape.length - 1];
  if (weight.shape.length !== 2 || String(bias.shape) !== String([columns])) {
    throw new ShapeError(
      `Cannot call ${op}: weight is [${weight.shape}], bias is [${bias.shape}]: wanted [in, out] and [out]`,
    );
  }
  return product;
}

/** Returns the gradients of `x`, `weight` and `bias`, given the gradient of `x · weight + bias`. */
function inputGradients({ inputs: [x, weight] }: Call<null>, g: Tensor): readonly Tensor[] {
  return [
    matmul(g, weight, { transposeB: true, shape: x.shape }),
    matmul(x, g, { transposeA: true, shape: weight.shape }),
    sum(g, { from: 0, to: g.shape.length - 1 }),
  ];
}

/** Returns `x · weight + bias` in float64. */
function withBias([x, weight, bias]: readonly Float64Array[], call: Call<null>): Float64Array {
  const [product] = matmulOp.reference([x, weight], { ...call, op: matmulOp, attrs: {} });
  return product.map((value, i) => value + bias[i % bias.length]);
}

function cases(more: readonly "residual"[]): Op<null>["cases"] {
  const sizes = [[[2, 3, 5], 7], [[33, 17], 65], [[130, 48], 72], [[256, 384], 1536]] as const;
  return sizes.map(([x, n], i) => {
    const k = x[x.length - 1];
    const residuals = more.map(() => [...x.slice(0, -1), n]);
    return { inputs: [x, [k, n], [n], ...residuals], attrs: null, ...(i === 3 ? { bench: true } : {}) };
  });
}
