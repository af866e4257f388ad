/**
 * Layers on a scope: their weights are named and shaped as Hugging Face's GPT-2 publishes them.
 *
 * @module
 */
import type { Scope } from "../core/graph.ts";
import type { Tensor } from "../core/tensor.ts";
import { affine, affineAdd, affineGelu } from "../ops/affine.ts";
import { dropoutAdd } from "../ops/dropout.ts";
import type { Dropout } from "../ops/dropout_mask.ts";
import { layerNorm } from "../ops/layer_norm.ts";

/**
 * x·weight + bias: x [..., in] → [..., out]. Weight is [in, out] (GPT-2's "Conv1D"), normal with `std`; bias 0.
 * `gelu` applies GELU to the result, `residual` is added to it: at most one of them, in the same op. With a residual,
 * `dropout` drops of the result before it is added.
 * Throws ShapeError where x or the residual does not fit.
 */
export function linear(
  scope: Scope,
  x: Tensor,
  options: {
    readonly outputs: number;
    readonly std: number;
    readonly gelu?: boolean;
    readonly residual?: Tensor;
    readonly dropout?: Dropout | undefined;
  },
): Tensor {
  const inputs = x.shape[x.shape.length - 1];
  const weight = scope.param("weight", [inputs, options.outputs], { kind: "normal", std: options.std });
  const bias = scope.param("bias", [options.outputs], { kind: "zeros" });
  const { gelu = false, residual, dropout } = options;
  if (residual !== undefined && dropout !== undefined) {
    return dropoutAdd(affine(x, { weight, bias }), { ...dropout, residual });
  }
  if (residual !== undefined) return affineAdd(x, { weight, bias, residual });
  return gelu ? affineGelu(x, { weight, bias }) : affine(x, { weight, bias });
}

/** Layer normalization of x's last axis with trained gain (1) and shift (0); eps as GPT-2. */
export function norm(scope: Scope, x: Tensor): Tensor {
  const channels = x.shape[x.shape.length - 1];
  const weight = scope.param("weight", [channels], { kind: "ones" });
  const bias = scope.param("bias", [channels], { kind: "zeros" });
  return layerNorm(x, weight, bias, { eps: 1e-5 });
}
