/**
 * Mathematics without time: tensors and graphs, ops with their gradients, engines that run them, models and optimizers.
 *
 * @module
 */
export * from "./core/graph.ts";
export { costOf, countPipelines, type ProgramCost, scratchBytes } from "./core/cost.ts";
export { type BufferLimits, checkLimits, largestSlot } from "./core/limits.ts";
export { checkpoint } from "./core/checkpoint.ts";
export { eachGradient, type Found, gradients } from "./core/gradients.ts";
export * from "./core/gpu.ts";
export { MersenneTwister } from "./core/mersenne_twister.ts";
export { NumpyRandom } from "./core/numpy_random.ts";
export * from "./core/op.ts";
export * from "./core/philox.ts";
export type { Member, NamedSpec, Pack } from "./core/pack.ts";
export { compile, flopsOf, type Program, type Slot } from "./core/program.ts";
export { memoryByKind, type Region, regionsOf } from "./core/regions.ts";
export { PythonRandom } from "./core/python_random.ts";
export * from "./core/tensor.ts";
export { reshape } from "./core/view.ts";
export { TorchRandom } from "./core/torch_random.ts";
export * from "./engine/engine.ts";
export { type CpuOptions, openCpu } from "./engine/cpu.ts";
export { largestPack, type OpenedEngine, openEngine, type OpenEngineOptions } from "./engine/open.ts";
export { openReference, type ReferenceEngine, type ReferenceSession } from "./engine/reference.ts";
export { openWebgpu, type Tuning } from "./engine/webgpu.ts";
export * from "./models/batch_norm_layer.ts";
export * from "./models/char_gpt.ts";
export * from "./models/gpt.ts";
export { type Gelu, geluOf, linear, norm } from "./models/layers.ts";
export * from "./models/makemore.ts";
export * from "./models/model.ts";
export * from "./models/name_nets.ts";
export * from "./models/sequential.ts";
export * from "./models/torch_weights.ts";
export * from "./ops/adamw.ts";
export { add, div, mul, scale, sub } from "./ops/arith.ts";
export { attention, type AttentionOptions } from "./ops/attention.ts";
export { cacheAttention, type CacheOptions } from "./ops/attention_cache.ts";
export {
  batchNorm,
  type BatchNormAttrs,
  type BatchNormed,
  type GainBias,
  normalizeBy,
} from "./ops/batch_norm.ts";
export { concat, narrow, type NarrowAttrs } from "./ops/concat.ts";
export { crossEntropy, type CrossEntropyAttrs, ignoredTarget } from "./ops/cross_entropy.ts";
export { dropout, dropoutAdd } from "./ops/dropout.ts";
export type { Dropout } from "./ops/dropout_mask.ts";
export * from "./ops/elementwise.ts";
export { exp, log, sigmoid } from "./ops/exp_log.ts";
export { gather, scatterAdd } from "./ops/gather.ts";
export { gelu } from "./ops/gelu.ts";
export { geluErf } from "./ops/gelu_erf.ts";
export { type ClipAttrs, globalNorm } from "./ops/global_norm.ts";
export { layerNorm, type LayerNormAttrs } from "./ops/layer_norm.ts";
export { ops } from "./ops/list.ts";
export { linearCrossEntropy, type LinearCrossEntropyOptions } from "./ops/linear_cross_entropy.ts";
export { matmul, type MatmulAttrs } from "./ops/matmul.ts";
export { permute, transpose } from "./ops/permute.ts";
export { power, rsqrt, sqrt } from "./ops/power.ts";
export { type Axes, broadcast, type BroadcastAttrs, max, mean, sum } from "./ops/reduce.ts";
export { relu } from "./ops/relu.ts";
export { type RunningMoments, type RunningMomentsAttrs, trackMoments } from "./ops/running_moments.ts";
export { softmax } from "./ops/softmax.ts";
export { pad, type PadAttrs, slice, type SliceAttrs, take } from "./ops/slice.ts";
export { assign, clear, count, type CountAttrs } from "./ops/state.ts";
export { tanh } from "./ops/tanh.ts";
export { type ContextsAttrs, contextsOf, oneHot, type WindowsAttrs, windowsOf } from "./ops/token_windows.ts";
export { variance } from "./ops/variance.ts";
export * from "./optim/adamw.ts";
export * from "./optim/muon.ts";
export * from "./optim/optimizer.ts";
export * from "./optim/orthogonalize.ts";
export * from "./optim/schedule.ts";
export * from "./optim/sgd.ts";
