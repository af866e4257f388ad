/**
 * The presets of pipelines that train a model. A pipeline ignores a preset's values for options that the
 * pipeline does not have.
 *
 * @module
 */
import type { Machine } from "../../cli/machine.ts";
import type { DescribedPreset, Preset, PresetChoice, Presets } from "../../cli/presets.ts";

/**
 * Options that the GPT-2 presets share: build-nanogpt's recipe, with 10 billion tokens and 0.5 million tokens
 * per step. The presets differ in model size and learning rate. The learning rates are those of GPT-3's
 * models of the same sizes (Brown et al. 2020, table 2.1); they decay to a tenth.
 */
const gpt2: Preset = {
  tokenizer: "gpt2",
  vocabSize: 50257,
  vocabPad: 128,
  seqLen: 1024,
  totalBatchTokens: 524288,
  steps: 19073,
  optimizer: "adamw",
  warmup: 715,
  schedule: "cosine",
  beta1: 0.9,
  beta2: 0.95,
  eps: 1e-8,
  weightDecay: 0.1,
  gradClip: 1,
  evalEvery: 250,
  evalBatches: 1024, // 4.2 MB: all of the held-out text; build-nanogpt uses 1.3 M tokens
  sampleEvery: 250,
  checkpointEvery: 250,
};

/** Options of nanoGPT's config/train_shakespeare_char.py, whose model has no biases and the exact GELU. */
const shakespeare: Preset = {
  tokenizer: "char",
  stages: "none",
  vocabPad: 1,
  shuffle: "all", // like nanoGPT's random positions; shuffling within parts would learn play after play
  valBytes: 256_000, // of tiny Shakespeare a tenth is held out, as in nanoGPT
  gelu: "erf",
  bias: false,
  optimizer: "adamw",
  lr: 1e-3,
  minLr: 1e-4,
  warmup: 100,
  schedule: "cosine",
  beta1: 0.9,
  beta2: 0.99,
  weightDecay: 0.1,
  gradClip: 1,
  evalEvery: 250,
  checkpointEvery: 250,
};

/** The presets by name, from the smallest model to the largest. */
export const presets: Readonly<Record<string, DescribedPreset>> = {
  // The best shape, optimizer and rates of those that were tried at equal time: the table in bench/README.md.
  "tiny": {
    about: "a few minutes on two CPU cores",
    options: {
      tokenizer: "train",
      vocabSize: 4096,
      valBytes: 256_000,
      layers: 1,
      heads: 4,
      channels: 128,
      seqLen: 32,
      batchSize: 32,
      steps: 1000,
      optimizer: "muon",
      lr: 0.015,
      muonLr: 0.015,
      schedule: "linear",
      minLr: 0,
      warmup: 50,
      evalEvery: 200,
      evalBatches: 32,
      sampleEvery: 250,
      checkpointEvery: 100,
    },
  },
  "finetune": {
    about: "a model that --init-from names, trained further",
    options: {
      valBytes: 256_000,
      seqLen: 128,
      batchSize: 8,
      steps: 1000,
      optimizer: "adamw",
      lr: 1e-4,
      schedule: "cosine",
      warmup: 50,
      evalEvery: 200,
      evalBatches: 32,
      sampleEvery: 250,
      checkpointEvery: 100,
    },
  },
  "shakespeare-char-cpu": {
    about: "nanoGPT's smallest character model: a minute or two on two CPU cores",
    options: {
      ...shakespeare,
      layers: 4,
      heads: 4,
      channels: 128,
      seqLen: 64,
      batchSize: 12,
      steps: 2000,
      lr: 3e-3, // validation loss 1.68 (2026-11-29); nanoGPT's 1e-3 learns less in as many steps
      dropout: 0,
      sampleEvery: 1000,
    },
  },
  "shakespeare-char": {
    about: "nanoGPT's character model: minutes on a GPU",
    options: {
      ...shakespeare,
      layers: 6,
      heads: 6,
      channels: 384,
      seqLen: 256,
      batchSize: 64,
      steps: 5000,
      dropout: 0.2,
      sampleEvery: 1000,
    },
  },
  "gpu-small": {
    about: "minutes on a laptop's large GPU, half an hour on a small one",
    options: {
      tokenizer: "train",
      vocabSize: 8192,
      valBytes: 256_000,
      layers: 6,
      heads: 6,
      channels: 384,
      seqLen: 256,
      batchSize: 32,
      steps: 2000,
      lr: 1e-3,
      warmup: 100,
      evalEvery: 200,
      evalBatches: 32,
      sampleEvery: 500,
      checkpointEvery: 250,
    },
  },
  "gpt2-124m": {
    about: "GPT-2 small on 10 billion tokens: days on one GPU",
    options: { ...gpt2, layers: 12, heads: 12, channels: 768, batchSize: 4, lr: 6e-4, minLr: 6e-5 },
  },
  // SmolLM2's recipe (Ben Allal et al. 2025): warm-up, a constant rate, and a linear decay at the end.
  "smollm2-135m": {
    about: "SmolLM2 135M, a Llama, on 2 trillion tokens: years on one GPU; give --tokens for less",
    options: {
      architecture: "llama",
      tokenizer: "train",
      vocabSize: 49152,
      vocabPad: 1,
      layers: 30,
      heads: 9,
      keyHeads: 3,
      channels: 576,
      hidden: 1536,
      seqLen: 2048,
      initStd: 1 / 24, // the root of 1 / channels
      recompute: "block", // training then fits 4 GiB
      batchSize: 4,
      totalBatchTokens: 2 ** 20,
      steps: 2_000_000,
      optimizer: "adamw",
      lr: 3e-3,
      minLr: 0,
      warmup: 2000,
      schedule: "wsd",
      beta1: 0.9,
      beta2: 0.95,
      eps: 1e-8,
      weightDecay: 0.01,
      gradClip: 1,
      evalEvery: 1000,
      evalBatches: 1024,
      sampleEvery: 1000,
      checkpointEvery: 500,
    },
  },
  "gpt2-355m": {
    about: "GPT-2 medium on 10 billion tokens: weeks on one GPU",
    options: { ...gpt2, layers: 24, heads: 16, channels: 1024, batchSize: 4, lr: 3e-4, minLr: 3e-5 },
  },
  "gpt2-774m": {
    about: "GPT-2 large on 10 billion tokens: needs a GPU with 16 GB",
    options: {
      ...gpt2,
      layers: 36,
      heads: 20,
      channels: 1280,
      batchSize: 4,
      recompute: "block",
      lr: 2.5e-4,
      minLr: 2.5e-5,
    },
  },
  "gpt2-1558m": {
    about: "GPT-2 XL on 10 billion tokens: needs a GPU with 32 GB",
    options: {
      ...gpt2,
      layers: 48,
      heads: 25,
      channels: 1600,
      batchSize: 4,
      recompute: "block",
      lr: 2e-4,
      minLr: 2e-5,
    },
  },
};

/** Returns the preset that `auto` stands for on a machine; `isGiven` tells whether an option is given. */
export function pickPreset(machine: Machine, isGiven: (option: string) => boolean): PresetChoice {
  if (isGiven("initFrom")) return { name: "finetune", why: "training starts from a model" };
  if (machine.device === "cpu") return { name: "tiny", why: "training runs on the CPU" };
  const least = 256 * 2 ** 20; // bytes: the size of gpu-small's logits, [32, 256, 8192] in f32
  if ((machine.maxTensorBytes ?? Infinity) < least) {
    return { name: "tiny", why: "the GPU's buffers are small" };
  }
  return { name: "gpu-small", why: "training runs on a GPU" };
}

/** The presets of pipelines that train a model. */
export const trainingPresets: Presets = { byName: presets, pick: pickPreset };

/** Returns the same presets without their values for one option. */
export function withoutOption({ byName, pick }: Presets, option: string): Presets {
  const less = Object.entries(byName).map(([name, { about, options }]) => {
    const { [option]: _, ...rest } = options;
    return [name, { about, options: rest }] as const;
  });
  return { byName: Object.fromEntries(less), pick };
}
