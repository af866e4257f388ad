/**
 * Every op there is: what tests and benches walk, and what an engine must have kernels for.
 *
 * @module
 */
import { accumulateOp, fillOp, plusOp } from "../core/gradients.ts";
import type { Op } from "../core/op.ts";
import { adamwOp } from "./adamw.ts";
import { affineAddOp, affineGeluOp, affineOp } from "./affine.ts";
import { addOp, divOp, mulOp, subOp } from "./arith.ts";
import { attentionGradOp, attentionOp } from "./attention.ts";
import { cacheAttentionOp, cachePutOp } from "./attention_cache.ts";
import { batchNormGradOp, batchNormOp } from "./batch_norm.ts";
import { concatOp, narrowOp } from "./concat.ts";
import { crossEntropyGradOp, crossEntropyOp } from "./cross_entropy.ts";
import { crossEntropyRowsGradOp, crossEntropyRowsOp } from "./cross_entropy_rows.ts";
import { dropoutAddOp, dropoutOp } from "./dropout.ts";
import { exp, log, sigmoid } from "./exp_log.ts";
import { gatherOp, scatterAddOp } from "./gather.ts";
import { gelu } from "./gelu.ts";
import { geluErf } from "./gelu_erf.ts";
import { clipScaleOp, sumSquaresOp } from "./global_norm.ts";
import { layerNormGradOp, layerNormOp, layerNormParamGradOp } from "./layer_norm.ts";
import { matmulAddOp, matmulOp } from "./matmul.ts";
import { nesterovOp } from "./nesterov.ts";
import { permuteOp } from "./permute.ts";
import { powerOp } from "./power.ts";
import { broadcastOp, maxOp, meanOp, sumAddOp, sumOp } from "./reduce.ts";
import { relu } from "./relu.ts";
import { putRowsOp, takeRowsOp } from "./row_blocks.ts";
import { runningMomentsOp } from "./running_moments.ts";
import { scaleOp } from "./scale.ts";
import { sgdOp } from "./sgd.ts";
import { padOp, sliceOp, takeOp } from "./slice.ts";
import { softmaxGradOp, softmaxOp } from "./softmax.ts";
import { assignOp, clearOp, countOp } from "./state.ts";
import { tanh } from "./tanh.ts";
import { contextsOp, oneHotOp, windowsOp } from "./token_windows.ts";

/** All ops, small ones first. */
export const ops: readonly Op<any>[] = [
  fillOp,
  plusOp,
  accumulateOp,
  relu.op,
  relu.gradOp,
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
  layerNormOp,
  layerNormGradOp,
  layerNormParamGradOp,
  batchNormOp,
  batchNormGradOp,
  runningMomentsOp,
  softmaxOp,
  softmaxGradOp,
  attentionOp,
  attentionGradOp,
  cachePutOp,
  cacheAttentionOp,
  crossEntropyOp,
  crossEntropyGradOp,
  crossEntropyRowsOp,
  crossEntropyRowsGradOp,
];
