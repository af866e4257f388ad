/**
 * The mathematics: tensors and graphs, ops and their gradients, engines that run them, models and optimizers.
 *
 * @module
 */
export type { Activations, BlockLayout, BlockRows, ProductFormat } from "./core/blocks/block_layout.ts";
export * from "./core/case.ts";
export { costOf, countPipelines, type ProgramCost, scratchBytes } from "./core/cost.ts";
export * from "./core/gpu.ts";
export { eachGradient, gradients, type TensorGradient } from "./core/gradients.ts";
export * from "./core/graph.ts";
export { type BufferLimits, checkLimits, largestSlot } from "./core/limits.ts";
export * from "./core/op.ts";
export type { NamedSpec, PackMember } from "./core/pack.ts";
export { compile, flopsOf, type Program, type Slot } from "./core/program.ts";
export { recompute } from "./core/recompute.ts";
export { memoryByKind, type MemoryRegion, regionsOf } from "./core/regions.ts";
export * from "./core/scope.ts";
export * from "./core/tensor.ts";
export { reshape } from "./core/view.ts";
export * from "./core/wgsl.ts";

export { MersenneTwister } from "./random/mersenne_twister.ts";
export { NumpyRandom } from "./random/numpy_random.ts";
export * from "./random/philox.ts";
export { PythonRandom } from "./random/python_random.ts";
export { TorchRandom } from "./random/torch_random.ts";

export { attention, type AttentionOptions } from "./ops/attention/attention.ts";
export { cacheAttention, type CacheOptions } from "./ops/attention/attention_cache.ts";
export type { AttentionForm } from "./ops/attention/attention_sizes.ts";
export { rope, type RopeAttrs } from "./ops/attention/rope.ts";
export { softmax } from "./ops/attention/softmax.ts";
export { dropout, dropoutAdd } from "./ops/dropout/dropout.ts";
export type { Dropout } from "./ops/dropout/dropout_mask.ts";
export { add, div, mul, sub } from "./ops/elementwise/arith.ts";
export { scale } from "./ops/elementwise/scale.ts";
export * from "./ops/elementwise/elementwise.ts";
export { exp, log, sigmoid } from "./ops/elementwise/exp_log.ts";
export { gelu } from "./ops/elementwise/gelu.ts";
export { geluErf } from "./ops/elementwise/gelu_erf.ts";
export { type Gate, glu, type GluAttrs } from "./ops/elementwise/glu.ts";
export { power, rsqrt, sqrt } from "./ops/elementwise/power.ts";
export { relu } from "./ops/elementwise/relu.ts";
export { silu } from "./ops/elementwise/silu.ts";
export { tanh } from "./ops/elementwise/tanh.ts";
export { concat, narrow, type NarrowAttrs } from "./ops/indexing/concat.ts";
export { gather, scatterAdd } from "./ops/indexing/gather.ts";
export { permute, transpose } from "./ops/indexing/permute.ts";
export { pad, type PadAttrs, slice, type SliceAttrs, take } from "./ops/indexing/slice.ts";
export {
  type ContextsAttrs,
  contextsOf,
  oneHot,
  type WindowsAttrs,
  windowsOf,
} from "./ops/indexing/token_windows.ts";
export { ops } from "./ops/list.ts";
export { crossEntropy, type CrossEntropyAttrs, ignoredTarget } from "./ops/loss/cross_entropy.ts";
export { linearCrossEntropy, type LinearCrossEntropyOptions } from "./ops/loss/linear_cross_entropy.ts";
export { matmul, type MatmulAttrs } from "./ops/matmul/matmul.ts";
export {
  batchNorm,
  type BatchNormAttrs,
  type BatchNormResult,
  type GainBias,
  normalizeBy,
} from "./ops/norm/batch_norm.ts";
export { rmsNorm } from "./ops/norm/rms_norm.ts";
export { layerNorm, type LayerNormAttrs } from "./ops/norm/layer_norm.ts";
export { type RunningMoments, type RunningMomentsAttrs, trackMoments } from "./ops/norm/running_moments.ts";
export { variance } from "./ops/norm/variance.ts";
export { type Axes, broadcast, type BroadcastAttrs, max, mean, sum } from "./ops/reduce/reduce.ts";
export * from "./ops/update/adamw.ts";
export { type ClipAttrs, globalNorm } from "./ops/update/global_norm.ts";
export { assign, clear, count, type CountAttrs } from "./ops/update/state.ts";

export { type CpuOptions, openCpu } from "./engine/cpu/cpu_engine.ts";
export * from "./engine/engine.ts";
export { largestPack, type OpenedEngine, openEngine, type OpenEngineOptions } from "./engine/open.ts";
export { openReference, type ReferenceEngine, type ReferenceSession } from "./engine/reference.ts";
export type { KernelChoices, Tuning, TuningStore } from "./engine/webgpu/tuning.ts";

export * from "./models/course/batch_norm_layer.ts";
export * from "./models/course/char_gpt.ts";
export * from "./models/course/makemore.ts";
export * from "./models/course/name_nets.ts";
export * from "./models/course/sequential.ts";
export * from "./models/course/torch_weights.ts";
export * from "./models/gpt.ts";
export * from "./models/gpt_options.ts";
export * from "./models/llama.ts";
export * from "./models/nanochat.ts";
export { type NanochatConfig, nanochatFault, nanochatOptions } from "./models/nanochat_options.ts";
export { type LlamaConfig, llamaFault, llamaOptions } from "./models/llama_options.ts";
export { ropeFrequencies, type RopeOptions, type RopeScaling, ropeTable } from "./models/rope_table.ts";
export { type Gelu, geluOf, linear, norm } from "./models/layers.ts";
export * from "./models/model.ts";
export * from "./models/lora.ts";
export * from "./models/lora_config.ts";
export * from "./models/model_options.ts";

export * from "./optim/adamw.ts";
export * from "./optim/muon.ts";
export * from "./optim/nanochat_optimizer.ts";
export * from "./optim/optimizer.ts";
export * from "./optim/orthogonalize.ts";
export * from "./optim/schedule.ts";
export * from "./optim/sgd.ts";
