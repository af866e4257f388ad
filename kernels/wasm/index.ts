// @ts-nocheck: AssemblyScript, see build.ts
/**
 * The module: one export an op, named as the op; `finish`, `softmax_rows` and `slope_rows` go between products of a BLAS,
 * `choose_wide` chooses between two tiles of products.
 *
 * @module
 */
export { adamw } from "../ops/update/adamw_wasm.ts";
export { affine, affine_add, affine_gelu } from "../ops/matmul/affine_wasm.ts";
export { add, div, mul, sub } from "../ops/elementwise/arith_wasm.ts";
export { attention, attention_grad } from "../ops/attention/attention_wasm.ts";
export { cache_attention, cache_put } from "../ops/attention/attention_cache_wasm.ts";
export { slope_rows, softmax_rows } from "../ops/attention/attention_rows_wasm.ts";
export { batch_norm, batch_norm_grad, running_moments } from "../ops/norm/batch_norm_wasm.ts";
export { concat, narrow, permute } from "../ops/indexing/concat_wasm.ts";
export {
  cross_entropy,
  cross_entropy_grad,
  cross_entropy_rows,
  cross_entropy_rows_grad,
} from "../ops/loss/cross_entropy_wasm.ts";
export { dropout, dropout_add } from "../ops/dropout/dropout_wasm.ts";
export {
  exp,
  exp_grad,
  log,
  log_grad,
  power,
  sigmoid,
  sigmoid_grad,
} from "../ops/elementwise/exp_log_wasm.ts";
export { accumulate, fill, plus } from "./fill.ts";
export { finish } from "../ops/matmul/finish_wasm.ts";
export { gather, scatter_add } from "../ops/indexing/gather_wasm.ts";
export { gelu, gelu_grad } from "../ops/elementwise/gelu_wasm.ts";
export { gelu_erf, gelu_erf_grad } from "../ops/elementwise/gelu_erf_wasm.ts";
export { clip_scale, sum_squares } from "../ops/update/global_norm_wasm.ts";
export { layer_norm, layer_norm_grad, layer_norm_param_grad } from "../ops/norm/layer_norm_wasm.ts";
export { matmul, matmul_add } from "../ops/matmul/matmul_wasm.ts";
export { broadcast, max, mean, sum, sum_add } from "../ops/reduce/reduce_wasm.ts";
export { relu, relu_grad } from "../ops/elementwise/relu_wasm.ts";
export { put_rows, take_rows } from "../ops/loss/row_blocks_wasm.ts";
export { scale } from "../ops/elementwise/scale_wasm.ts";
export { nesterov, sgd } from "../ops/update/sgd_wasm.ts";
export { pad, slice, take } from "../ops/indexing/slice_wasm.ts";
export { softmax, softmax_grad } from "../ops/attention/softmax_wasm.ts";
export { assign, clear, count } from "../ops/update/state_wasm.ts";
export { tanh, tanh_grad } from "../ops/elementwise/tanh_wasm.ts";
export { one_hot, token_contexts, token_windows } from "../ops/indexing/token_windows_wasm.ts";

// Not `export … from`: the compiler makes a second copy of a file named so, with a variable of its own.
import { choose_wide } from "./tile_wide.ts";
export { choose_wide };
