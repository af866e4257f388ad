// @ts-nocheck: AssemblyScript, see build.ts
/**
 * The module: one export an op, named as the op; `finish`, `softmax_rows` and `slope_rows` go between products of a BLAS,
 * `choose_wide` chooses between two tiles of products.
 *
 * @module
 */
export { adamw } from "./adamw.ts";
export { affine, affine_add, affine_gelu } from "./affine.ts";
export { add, div, mul, sub } from "./arith.ts";
export { attention, attention_grad } from "./attention.ts";
export { cache_attention, cache_put } from "./attention_cache.ts";
export { slope_rows, softmax_rows } from "./attention_rows.ts";
export { batch_norm, batch_norm_grad, running_moments } from "./batch_norm.ts";
export { concat, narrow, permute } from "./concat.ts";
export {
  cross_entropy,
  cross_entropy_grad,
  cross_entropy_rows,
  cross_entropy_rows_grad,
} from "./cross_entropy.ts";
export { dropout, dropout_add } from "./dropout.ts";
export { exp, exp_grad, log, log_grad, power, sigmoid, sigmoid_grad } from "./exp_log.ts";
export { accumulate, fill, plus } from "./fill.ts";
export { finish } from "./finish.ts";
export { gather, scatter_add } from "./gather.ts";
export { gelu, gelu_grad } from "./gelu.ts";
export { gelu_erf, gelu_erf_grad } from "./gelu_erf.ts";
export { clip_scale, sum_squares } from "./global_norm.ts";
export { layer_norm, layer_norm_grad, layer_norm_param_grad } from "./layer_norm.ts";
export { matmul, matmul_add } from "./matmul.ts";
export { broadcast, max, mean, sum, sum_add } from "./reduce.ts";
export { relu, relu_grad } from "./relu.ts";
export { put_rows, take_rows } from "./row_blocks.ts";
export { scale } from "./scale.ts";
export { nesterov, sgd } from "./sgd.ts";
export { pad, slice, take } from "./slice.ts";
export { softmax, softmax_grad } from "./softmax.ts";
export { assign, clear, count } from "./state.ts";
export { tanh, tanh_grad } from "./tanh.ts";
export { one_hot, token_contexts, token_windows } from "./token_windows.ts";

// Not `export … from`: the compiler makes a second copy of a file named so, with a variable of its own.
import { choose_wide } from "./tile_wide.ts";
export { choose_wide };
