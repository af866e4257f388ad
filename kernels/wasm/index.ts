// @ts-nocheck: AssemblyScript, see build.ts
/**
 * The exports of the module: a WASM kernel for each op, named after the op. The build appends the elementwise
 * ops, whose kernels it makes from their formulas. `epilogue`, `softmax_rows` and `softmax_grad_rows` run
 * between the matrix products of a BLAS; `choose_wide` selects one of two tiles for matrix products.
 *
 * @module
 */
export { adamw } from "../ops/update/adamw_wasm.ts";
export { affine, affine_add, affine_gelu } from "../ops/matmul/affine_wasm.ts";
export { attention, attention_grad } from "../ops/attention/attention_wasm.ts";
export { cache_attention, cache_put } from "../ops/attention/attention_cache_wasm.ts";
export { softmax_grad_rows, softmax_rows } from "../ops/attention/attention_rows_wasm.ts";
export { batch_norm, batch_norm_grad, running_moments } from "../ops/norm/batch_norm_wasm.ts";
export { concat, narrow, permute } from "../ops/indexing/concat_wasm.ts";
export {
  cross_entropy,
  cross_entropy_grad,
  cross_entropy_rows,
  cross_entropy_rows_grad,
} from "../ops/loss/cross_entropy_wasm.ts";
export { dropout, dropout_add } from "../ops/dropout/dropout_wasm.ts";
export { fill } from "./fill.ts";
export { epilogue } from "../ops/matmul/epilogue_wasm.ts";
export { glu, glu_grad } from "../ops/elementwise/glu_wasm.ts";
export { gather, scatter_add } from "../ops/indexing/gather_wasm.ts";
export { clip_scale, sum_squares } from "../ops/update/global_norm_wasm.ts";
export { rms_norm, rms_norm_grad } from "../ops/norm/rms_norm_wasm.ts";
export { rope } from "../ops/attention/rope_wasm.ts";
export { layer_norm, layer_norm_grad, layer_norm_param_grad } from "../ops/norm/layer_norm_wasm.ts";
export { matmul, matmul_add } from "../ops/matmul/matmul_wasm.ts";
export { broadcast, max, mean, sum, sum_add } from "../ops/reduce/reduce_wasm.ts";
export {
  quantized_gather,
  quantized_matmul,
  quantized_matmul_grad,
} from "../ops/quantized/quantized_matmul_wasm.ts";
export { put_rows, take_rows } from "../ops/loss/row_blocks_wasm.ts";
export { nesterov, sgd } from "../ops/update/sgd_wasm.ts";
export { pad, slice, take } from "../ops/indexing/slice_wasm.ts";
export { softmax, softmax_grad } from "../ops/attention/softmax_wasm.ts";
export { assign, clear, count } from "../ops/update/state_wasm.ts";
export { one_hot, token_contexts, token_windows } from "../ops/indexing/token_windows_wasm.ts";

// Not `export … from`: it would compile a second copy of the file, and the copies would not share the file's
// global variable.
import { choose_wide } from "./tile_wide.ts";
export { choose_wide };
