/**
 * Layers on a scope: their weights are named and shaped as Hugging Face's GPT-2 publishes them.
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
import { layerNorm } from "../ops/norm/layer_norm.ts";
import { matmul } from "../ops/matmul/matmul.ts";

/** Which GELU: its fit by tanh, as GPT-2's, or by the error function, as PyTorch's and nanoGPT's. */
export type Gelu = "tanh" | "erf";

/**
 * x·weight + bias: x [..., in] → [..., out]. Weight is [in, out] (GPT-2's "Conv1D"), normal with `std`; bias 0, or none.
 * `gelu` applies GELU to the result, `residual` is added to it: at most one of them, in the same op where there is one.
 * With a residual, `dropout` drops of the result before it is added.
 * Throws ShapeError where x or the residual does not fit.
 */
export function linear(
  scope: Scope,
  x: Tensor,
  options: {
    readonly outputs: number;
    readonly std: number;
    /** Default true. */
    readonly bias?: boolean;
    /** Default none. */
    readonly gelu?: Gelu | null;
    readonly residual?: Tensor;
    readonly dropout?: Dropout | undefined;
  },
): Tensor {
  const inputs = x.shape[x.shape.length - 1];
  const weight = scope.param("weight", [inputs, options.outputs], { kind: "normal", std: options.std });
  const { gelu = null, residual, dropout } = options;
  if (options.bias === false) {
    const y = matmul(x, weight);
    if (residual !== undefined) {
      return dropout === undefined ? add(residual, y) : dropoutAdd(y, { ...dropout, residual });
    }
    return gelu === null ? y : geluOf(y, gelu);
  }
  const bias = scope.param("bias", [options.outputs], { kind: "zeros" });
  if (residual !== undefined && dropout !== undefined) {
    return dropoutAdd(affine(x, { weight, bias }), { ...dropout, residual });
  }
  if (residual !== undefined) return affineAdd(x, { weight, bias, residual });
  if (gelu === "tanh") return affineGelu(x, { weight, bias });
  const y = affine(x, { weight, bias });
  return gelu === null ? y : geluOf(y, gelu);
}

/**
 * Layer normalization of x's last axis, with a trained gain (initially 1) and, unless `bias` is false, a trained shift
 * (initially 0). `eps` is added to the variance; default 1e-5, GPT-2's.
 */
export function norm(
  scope: Scope,
  x: Tensor,
  { bias = true, eps = 1e-5 }: { readonly bias?: boolean; readonly eps?: number } = {},
): Tensor {
  const channels = x.shape[x.shape.length - 1];
  const weight = scope.param("weight", [channels], { kind: "ones" });
  // The op shifts in any case: without a parameter by 0, whose gradient nobody asks for.
  const shift = bias ? scope.param("bias", [channels], { kind: "zeros" }) : fill(weight, 0);
  return layerNorm(x, weight, shift, { eps });
}

/** GELU in one of its forms. */
export function geluOf(x: Tensor, form: Gelu): Tensor {
  return form === "tanh" ? gelu(x) : geluErf(x);
}
