/**
 * Layers on a scope: their weights are named and shaped as Hugging Face's GPT-2 publishes them.
 *
 * @module
 */
import type { Scope } from "../core/graph.ts";
import type { Tensor } from "../core/tensor.ts";
import { add } from "../ops/arith.ts";
import { layerNorm } from "../ops/layer_norm.ts";
import { matmul } from "../ops/matmul.ts";

/**
 * x·weight + bias: x [..., in] → [..., out]. Weight is [in, out] (GPT-2's "Conv1D"), normal with `std`; bias 0.
 * Throws ShapeError where x does not fit.
 */
export function linear(
  scope: Scope,
  x: Tensor,
  options: { readonly outputs: number; readonly std: number },
): Tensor {
  const inputs = x.shape[x.shape.length - 1];
  const weight = scope.param("weight", [inputs, options.outputs], { kind: "normal", std: options.std });
  const bias = scope.param("bias", [options.outputs], { kind: "zeros" });
  return add(matmul(x, weight, {}), bias);
}

/** Layer normalization of x's last axis with trained gain (1) and shift (0); eps as GPT-2. */
export function norm(scope: Scope, x: Tensor): Tensor {
  const channels = x.shape[x.shape.length - 1];
  const weight = scope.param("weight", [channels], { kind: "ones" });
  const bias = scope.param("bias", [channels], { kind: "zeros" });
  return layerNorm(x, weight, bias, { eps: 1e-5 });
}
