/**
 * The list of all ops, over which tests and benches iterate. Every engine must be able to run every op.
 *
 * @module
 */
import { accumulateOp, fillOp, plusOp } from "../core/gradient_ops.ts";
import type { Op } from "../core/graph.ts";
import { adamwOp } from "./update/adamw.ts";
import { affineAddOp, affineGeluOp, affineOp } from "./matmul/affine.ts";
import { addOp, divOp, mulOp, subOp } from "./elementwise/arith.ts";
import { attentionGradOp, attentionOp } from "./attention/attention.ts";
import { cacheAttentionOp, cachePutOp } from "./attention/attention_cache.ts";
import { batchNormGradOp, batchNormOp } from "./norm/batch_norm.ts";
import { concatOp, narrowOp } from "./indexing/concat.ts";
import { crossEntropyGradOp, crossEntropyOp } from "./loss/cross_entropy.ts";
import { crossEntropyRowsGradOp, crossEntropyRowsOp } from "./loss/cross_entropy_rows.ts";
import { dropoutAddOp, dropoutOp } from "./dropout/dropout.ts";
import { exp, log, sigmoid } from "./elementwise/exp_log.ts";
import { gatherOp, scatterAddOp } from "./indexing/gather.ts";
import { gelu } from "./elementwise/gelu.ts";
import { geluErf } from "./elementwise/gelu_erf.ts";
import { gluGradOp, gluOp } from "./elementwise/glu.ts";
import { clipScaleOp, sumSquaresOp } from "./update/global_norm.ts";
import { layerNormGradOp, layerNormOp, layerNormParamGradOp } from "./norm/layer_norm.ts";
import { matmulAddOp, matmulOp } from "./matmul/matmul.ts";
import { nesterovOp } from "./update/nesterov.ts";
import { permuteOp } from "./indexing/permute.ts";
import { powerOp } from "./elementwise/power.ts";
import { broadcastOp, maxOp, meanOp, sumAddOp, sumOp } from "./reduce/reduce.ts";
import { relu } from "./elementwise/relu.ts";
import { reluSquared } from "./elementwise/relu_squared.ts";
import { quantizedGatherOp } from "./quantized/quantized_gather.ts";
import { quantizedMatmulGradOp, quantizedMatmulOp } from "./quantized/quantized_matmul.ts";
import { putRowsOp, takeRowsOp } from "./loss/row_blocks.ts";
import { runningMomentsOp } from "./norm/running_moments.ts";
import { rmsNormGradOp, rmsNormOp } from "./norm/rms_norm.ts";
import { ropeOp } from "./attention/rope.ts";
import { scaleOp } from "./elementwise/scale.ts";
import { sgdOp } from "./update/sgd.ts";
import { silu } from "./elementwise/silu.ts";
import { padOp, sliceOp, takeOp } from "./indexing/slice.ts";
import { softmaxGradOp, softmaxOp } from "./attention/softmax.ts";
import { assignOp, clearOp, countOp } from "./update/state.ts";
import { tanh } from "./elementwise/tanh.ts";
import { contextsOp, oneHotOp, windowsOp } from "./indexing/token_windows.ts";

/** All ops, small ones first. */
export const ops: readonly Op<any>[] = [
  fillOp,
  plusOp,
  accumulateOp,
  relu.op,
  relu.gradOp,
  reluSquared.op,
  reluSquared.gradOp,
  tanh.op,
  tanh.gradOp,
  gelu.op,
  gelu.gradOp,
  geluErf.op,
  geluErf.gradOp,
  exp.op,
  exp.gradOp,
  log.op,
  log.gradOp,
  sigmoid.op,
  sigmoid.gradOp,
  silu.op,
  silu.gradOp,
  gluOp,
  gluGradOp,
  powerOp,
  addOp,
  subOp,
  mulOp,
  divOp,
  scaleOp,
  dropoutOp,
  dropoutAddOp,
  sumOp,
  sumAddOp,
  meanOp,
  maxOp,
  broadcastOp,
  gatherOp,
  scatterAddOp,
  sliceOp,
  padOp,
  takeOp,
  concatOp,
  narrowOp,
  permuteOp,
  windowsOp,
  contextsOp,
  oneHotOp,
  takeRowsOp,
  putRowsOp,
  clearOp,
  countOp,
  assignOp,
  sumSquaresOp,
  clipScaleOp,
  adamwOp,
  sgdOp,
  nesterovOp,
  matmulOp,
  matmulAddOp,
  affineOp,
  affineGeluOp,
  affineAddOp,
  quantizedMatmulOp,
  quantizedMatmulGradOp,
  quantizedGatherOp,
  layerNormOp,
  layerNormGradOp,
  layerNormParamGradOp,
  rmsNormOp,
  rmsNormGradOp,
  batchNormOp,
  batchNormGradOp,
  runningMomentsOp,
  softmaxOp,
  softmaxGradOp,
  ropeOp,
  attentionOp,
  attentionGradOp,
  cachePutOp,
  cacheAttentionOp,
  crossEntropyOp,
  crossEntropyGradOp,
  crossEntropyRowsOp,
  crossEntropyRowsGradOp,
];
