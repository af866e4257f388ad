/**
 * Makes the plan of a training run from its options: the model, its optimizer and its programs.
 *
 * @module
 */
import type { Engine } from "../../kernels/engine/engine.ts";
import type { QuantizedWeights } from "../../kernels/core/scope.ts";
import { gptOptions } from "../../kernels/models/gpt_options.ts";
import { type LlamaConfig, llamaOptions } from "../../kernels/models/llama_options.ts";
import { withLora } from "../../kernels/models/lora.ts";
import { isAdapter } from "../../kernels/models/lora_config.ts";
import type { NanochatConfig } from "../../kernels/models/nanochat_options.ts";
import { isLlama, isNanochat, type ModelConfig } from "../../kernels/models/model_config.ts";
import { modelOf } from "../../kernels/models/model_of.ts";
import { selectOptions, withDefaults, withoutDefaults } from "../../kernels/models/model_options.ts";
import { adamw } from "../../kernels/optim/adamw.ts";
import { muon } from "../../kernels/optim/muon.ts";
import type { Optimizer } from "../../kernels/optim/optimizer.ts";
import { sgd } from "../../kernels/optim/sgd.ts";
import { type OuterStep, type Plan, plan } from "../../stages/model/plan.ts";
import { type DivergenceOptions, needsDeferredUpdates } from "../../stages/train/divergence.ts";
import type { TrainedAdapters } from "../../stages/train/train_state.ts";
import type { Env, Values } from "../cli/pipeline.ts";
import { usesHellaswag } from "./hellaswag.ts";
import { loraOf, withNewAdapters } from "./model/new_adapters.ts";
import { modelOptions } from "./options/model_options.ts";
import { monitoringOptions } from "./options/monitoring_options.ts";
import type { optimizerOptions } from "./options/optimizer_options.ts";
import { trainingOptions } from "./options/training_options.ts";
import { runModelConfig, type StartingWeights, startingWeights } from "./starting_weights.ts";

const options = { ...modelOptions, ...trainingOptions, ...monitoringOptions };

/** The option values that training needs. */
export type TrainingValues = Values<typeof options>;

/** The model that training starts from. */
export interface TrainingStart extends StartingWeights {
  /** Layouts of weights that are quantised, which only adapters leave so. */
  readonly quantized: QuantizedWeights;
  /** The adapters that are trained; null if all weights are. */
  readonly adapters: TrainedAdapters | null;
}

/** Inputs of a plan in addition to the option values. */
export interface PlanInputs {
  readonly vocabSize: number;
  /** Size limit of a pack of parameters in bytes, from `env.largestPack()`. Default: see `PlanOptions`. */
  readonly packBytes?: number;
  /** Number of processes that compute a step together, from `env.ranks`. Default 1. */
  readonly ranks?: number;
  /** Model whose weights training starts from. Default: GPT-2's initial values, drawn from the seed. */
  readonly start?: TrainingStart | null;
}

/**
 * Returns the model that --init-from names, or null if the option is not given. A resumed run has the model's
 * weights in its checkpoint and needs only the options, so the model may be gone, unless adapters are
 * trained.
 */
export async function startingModel(
  o: TrainingValues,
  env: Pick<Env, "resumed" | "out" | "seed" | "dry">,
): Promise<TrainingStart | null> {
  const { initFrom } = o, lora = loraOf(o);
  if (initFrom === null) return null;
  if (lora !== null) return await withNewAdapters(initFrom, { lora, env });
  const whole = { quantized: new Map(), adapters: null };
  if (!env.resumed) return { ...await startingWeights(initFrom), ...whole };
  return { config: await runModelConfig(env.out), weights: {}, ...whole };
}

/**
 * Returns the shape [A, B, T] of a step's batch. Throws RangeError if --total-batch-tokens is not a multiple
 * of `B · T`.
 */
export function batchShape(o: TrainingValues): readonly [accum: number, batch: number, seqLen: number] {
  const micro = o.batchSize * o.seqLen;
  if (o.totalBatchTokens === null) return [o.gradAccum ?? 1, o.batchSize, o.seqLen];
  if (o.gradAccum !== null) {
    throw new RangeError(`Cannot use both --grad-accum and --total-batch-tokens: give one of them`);
  }
  if (o.totalBatchTokens % micro !== 0) {
    throw new RangeError(
      `Cannot divide a step of ${o.totalBatchTokens} tokens into micro-batches of ${micro} tokens (${o.batchSize} ` +
        `sequences of ${o.seqLen}): give --total-batch-tokens a multiple of ${micro}`,
    );
  }
  return [o.totalBatchTokens / micro, o.batchSize, o.seqLen];
}

/**
 * Plans the model and its programs; --dry-run prints the plan and `train` runs it. Throws RangeError or
 * ShapeError for sizes that do not fit together, and for a vocabulary larger than that of the starting
 * weights.
 */
export function trainingPlan(
  o: TrainingValues,
  { vocabSize, packBytes, ranks = 1, start = null }: PlanInputs,
): Plan {
  const shape = batchShape(o);
  if (start !== null && vocabSize > start.config.vocabSize) {
    throw new RangeError(
      `Cannot start from ${o.initFrom}: its vocabulary has ${start.config.vocabSize} tokens, the data's ${vocabSize}: ` +
        `use the tokenizer that the model was trained with`,
    );
  }
  const { adapters = null, quantized = new Map() } = start ?? {};
  const base = modelOf(modelConfig(o, { vocabSize, start }));
  const model = adapters === null ? base : withLora(base, adapters.lora);
  return plan({
    model,
    training: {
      optimizer: optimizerOf(o, model.name),
      shape,
      ranks,
      outer: outerStepOf(o),
      overlap: o.overlap === "auto",
      gradientSum: o.gradSum,
      clip: o.gradClip,
      gradientScale: o.dtype === "f16" ? gradientScaleF16(shape) : 1,
      recompute: o.recompute,
      deferred: needsDeferredUpdates(divergenceOf(o)),
      history: Math.min(o.logEvery, MAX_HISTORY),
      inspection: o.inspectEvery > 0,
    },
    evaluation: { batch: o.batchSize, seqLen: o.seqLen },
    sampling: o.sampleEvery === 0 ? true : { texts: textsAtOnce(model.config) },
    ...(usesHellaswag(o) && { scoring: { tokens: o.batchSize * o.seqLen } }),
    ...(packBytes !== undefined && { packBytes }),
    ...(adapters !== null && { quantized, trains: isAdapter }),
  });
}

/** Returns how processes that train apart come together; undefined if they do not train apart. */
function outerStepOf({ outerEvery, outerLr, outerMomentum }: TrainingValues): OuterStep | undefined {
  return outerEvery === null ? undefined : { every: outerEvery, rate: outerLr, momentum: outerMomentum };
}

/** Number of samples of the last update that are generated together, if their KV cache is not too large. */
function textsAtOnce(config: ModelConfig): number {
  const { layers, seqLen, channels } = config;
  const width = isLlama(config) ? config.keyHeads * config.headWidth : channels;
  const bytes = 2 * 4 * layers * seqLen * width; // keys and values of one text in float32
  return Math.min(10, Math.max(1, Math.floor(MAX_CACHE / bytes)));
}

const MAX_CACHE = 1 << 26; // bytes: little beside the activations of training

/**
 * The model's options. If training starts from an existing model, that model determines every option that
 * affects a model's outputs. The command line determines the other options.
 */
export function modelConfig(
  o: TrainingValues,
  { vocabSize, start }: { readonly vocabSize: number; readonly start: TrainingStart | null },
): ModelConfig {
  const typed = { ...o, vocabSize };
  if (start === null) {
    if (o.architecture === "nanochat") return nanochatConfig(typed);
    return o.architecture === "llama" ? llamaConfig(typed) : withoutDefaults(gptOptions, typed);
  }
  if (isNanochat(start.config)) return start.config;
  if (start.adapters !== null) { // the weights stay as they are
    return isLlama(start.config) ? start.config : { ...start.config, dropout: o.dropout };
  }
  if (isLlama(start.config)) {
    const loaded = withDefaults(llamaOptions, start.config);
    return withoutDefaults(llamaOptions, { ...loaded, tie: o.tie && loaded.tie });
  }
  const loaded = withDefaults(gptOptions, start.config);
  const decided = selectOptions(gptOptions, loaded, ({ affects = "output" }) => affects === "output");
  const tie = o.tie && loaded.tie; // a separate head can start from a tied one, but not the reverse
  return withoutDefaults(gptOptions, { ...typed, ...decided, tie });
}

/** Returns the configuration of a new model of nanochat's kind; heads of keys are as many as of queries. */
function nanochatConfig(o: TrainingValues & { readonly vocabSize: number }): NanochatConfig {
  const { layers, heads, channels, seqLen, vocabSize, windowPattern } = o;
  return { layers, heads, keyHeads: o.keyHeads ?? heads, channels, seqLen, vocabSize, windowPattern };
}

/** Returns the configuration of a new Llama; sizes that are not given follow from the others. */
function llamaConfig(o: TrainingValues & { readonly vocabSize: number }): LlamaConfig {
  const { heads, channels } = o, keyHeads = o.keyHeads ?? heads;
  const headWidth = o.headWidth ?? Math.floor(channels / heads),
    hidden = o.hidden ?? 32 * Math.ceil(channels / 12);
  return withoutDefaults(llamaOptions, { ...o, keyHeads, headWidth, hidden });
}

/** Returns which updates count as diverging, and what to do about them. */
export function divergenceOf(
  { onNan, skipSpikeZ, onSpike }: Pick<TrainingValues, "onNan" | "skipSpikeZ" | "onSpike">,
): DivergenceOptions {
  return { onNan, spikeZ: skipSpikeZ, onSpike };
}

/**
 * Returns the optimizer that the options select, for a model whose architecture has this name. Throws
 * RangeError for invalid values.
 */
export function optimizerOf(o: Values<typeof optimizerOptions>, architecture: string): Optimizer {
  const { optimizer, beta1, beta2, eps, weightDecay, momentum, muonLr, lr } = o;
  const given = momentum === null ? {} : { momentum };
  switch (optimizer) {
    case "adamw":
      return adamw({ beta1, beta2, eps, weightDecay });
    case "sgd":
      return sgd({ weightDecay, ...given });
    case "muon": {
      const highest = muonLr ?? MUON_LR;
      if (lr === 0 && highest > 0) {
        throw new RangeError(
          "Cannot use --optimizer muon with --lr 0: --muon-lr is scheduled as a multiple of --lr: give --lr above 0, or --muon-lr 0 as well",
        );
      }
      const rows = architecture === "gpt" ? "inputs" : "outputs", rate = lr === 0 ? 1 : highest / lr;
      return muon({ beta1, beta2, eps, weightDecay, rate, rows, ...given });
    }
  }
}

/** Learning rate of Muon's matrices where none is given. Source: Jordan et al. 2024. */
export const MUON_LR = 0.02;

/**
 * Returns the factor that scales gradients for f16 matrix products: the power of two between 16 and 32 times
 * the number of tokens per step. Multiplying by a power of two loses no bits. The loss is a mean over tokens,
 * so the gradient of one token's outputs is at most `1 / tokens`, and the factor makes it at most 32.
 * Gradients can then grow by a factor of 2,000 in the backward pass before they exceed 65504, the largest
 * f16, and shrink by a factor of 3e8 before they fall below 6e-8, the smallest positive f16.
 */
function gradientScaleF16(shape: readonly number[]): number {
  return 16 * 2 ** Math.ceil(Math.log2(shape.reduce((a, b) => a * b)));
}

const MAX_HISTORY = 16; // updates whose losses the device may keep; displayed losses are at most this old

/** Bytes that the CPU engine can address: its WASM has 32 bits. */
export const ADDRESSABLE = 2 ** 32;

/**
 * Throws RangeError if a plan needs more memory than the CPU engine can address. Call this before the initial
 * weights are drawn, because drawing them takes a long time.
 */
export function checkMemory({ memory, training }: Plan, { name }: Pick<Engine, "name">): void {
  const bytes = Object.values(memory).reduce((sum, n) => sum + n, 0);
  if (name !== "cpu" || bytes <= ADDRESSABLE) return;
  const mb = (n: number) => `${Math.ceil(n / 1e6)} MB`;
  const head = `Cannot train this model on the CPU engine: it takes ${mb(bytes)}, of which ${
    mb(memory.activation)
  } are activations, and ${mb(ADDRESSABLE)} can be addressed`;
  throw new RangeError(
    bytes - memory.activation > ADDRESSABLE
      ? `${head}: use a smaller model, or a GPU with --device webgpu`
      : `${head}: use a smaller --batch-size or --seq-len${
        training?.recompute === "block" ? "" : ", --recompute block"
      } or a smaller model`,
  );
}
