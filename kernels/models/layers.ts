/**
 * Layers that create their weights on a scope, with the names and shapes of Hugging Face's GPT-2.
 *
 * @module
 */
import { fill } from "../core/gradient_ops.ts";
import type { Scope } from "../core/scope.ts";
import type { Tensor } from "../core/graph.ts";
import { add } from "../ops/elementwise/arith.ts";
import { affine, affineAdd, affineGelu } from "../ops/matmul/affine.ts";
import { dropoutAdd } from "../ops/dropout/dropout.ts";
import type { Dropout } from "../ops/dropout/dropout_mask.ts";
import { gelu } from "../ops/elementwise/gelu.ts";
import { geluErf } from "../ops/elementwise/gelu_erf.ts";
import { scale } from "../ops/elementwise/scale.ts";
import { layerNorm } from "../ops/norm/layer_norm.ts";
import { matmul } from "../ops/matmul/matmul.ts";
import { adapted } from "./lora.ts";

/**
 * Formula of GELU: the tanh approximation, as in GPT-2, or the exact formula with the error function, as in
 * PyTorch and nanoGPT.
 */
export type Gelu = "tanh" | "erf";

/**
 * Computes a linear layer, `x · weight + bias`: `x` [..., in] → [..., out]. The weight is [in, out] as in
 * GPT-2's "Conv1D" and is initially normal with standard deviation `std`; the bias starts at 0. Throws
 * ShapeError if the shapes of `x` and the residual do not fit.
 */
export function linear(
  scope: Scope,
  x: Tensor,
  options: {
    /** Size of the last axis of the result. */
    readonly outputs: number;
    /** Standard deviation of the initial weight. */
    readonly std: number;
    /** Whether the layer has a bias; default true. */
    readonly bias?: boolean;
    /** GELU to apply to the result; default none. It cannot be combined with `residual`. */
    readonly gelu?: Gelu | null;
    /** Tensor to add to the result; default none. */
    readonly residual?: Tensor;
    /** Dropout of the result before the residual is added; default none. */
    readonly dropout?: Dropout | undefined;
  },
): Tensor {
  const inputs = x.shape[x.shape.length - 1];
  const weight = scope.param("weight", [inputs, options.outputs], { kind: "normal", std: options.std });
  const { gelu = null, residual, dropout } = options;
  const bias = options.bias === false ? null : scope.param("bias", [options.outputs], { kind: "zeros" });
  if (bias !== null && scope.adapters === null) { // one call, without a result in between
    if (residual !== undefined && dropout === undefined) return affineAdd(x, { weight, bias, residual });
    if (gelu === "tanh") return affineGelu(x, { weight, bias });
  }
  const product = bias === null ? matmul(x, weight) : affine(x, { weight, bias });
  const y = adapted(product, { scope, x, isTransposed: true });
  if (residual !== undefined) {
    return dropout === undefined ? add(residual, y) : dropoutAdd(y, { ...dropout, residual });
  }
  return gelu === null ? y : geluOf(y, gelu);
}

/**
 * Normalizes over the last axis, with a gain that starts at 1 and, unless `bias` is false, a bias that starts
 * at 0. `eps` is added to the variance; default 1e-5, as in GPT-2.
 */
export function norm(
  scope: Scope,
  x: Tensor,
  { bias = true, eps = 1e-5 }: { readonly bias?: boolean; readonly eps?: number } = {},
): Tensor {
  const channels = x.shape[x.shape.length - 1];
  const weight = scope.param("weight", [channels], { kind: "ones" });
  // The op needs a bias: without a parameter it is a constant 0, which gets no gradient.
  const shift = bias ? scope.param("bias", [channels], { kind: "zeros" }) : fill(weight, 0);
  return layerNorm(x, weight, shift, { eps });
}

/** Applies GELU with one of its formulas. */
export function geluOf(x: Tensor, formula: Gelu): Tensor {
  return formula === "tanh" ? gelu(x) : geluErf(x);
}

/** Returns `x` multiplied by a number; `x` itself for 1. */
export function scaledBy(x: Tensor, factor: number): Tensor {
  return factor === 1 ? x : scale(x, factor);
}
