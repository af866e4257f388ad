/**
 * Named sets of options, laid under the config file and the command line. A pipeline takes from a preset the options
 * that it has.
 *
 * @module
 */

/** Options by name, as a config file would give them. */
export type Preset = Readonly<Record<string, number | string | boolean>>;

/** What a preset is for, and its options. */
export interface NamedPreset {
  readonly about: string;
  readonly options: Preset;
}

/** What `auto` picks by. */
export interface Machine {
  readonly device: "webgpu" | "cpu";
  /** Bytes that the largest buffer may have, on the GPU. */
  readonly maxBufferSize?: number;
}

/** The presets by name, smallest first. */
export const presets: Readonly<Record<string, NamedPreset>> = {
  "tiny": {
    about: "a few minutes on two CPU cores",
    options: {
      tokenizer: "train",
      vocabSize: 2048,
      valTokens: 65536,
      layers: 4,
      heads: 4,
      channels: 128,
      seqLen: 128,
      batchSize: 8,
      steps: 1000,
      lr: 4e-3, // the best of 2e-3, 3e-3 and 4e-3 at this length; small models take high rates
      warmup: 50,
      evalEvery: 200,
      evalBatches: 32,
      sampleEvery: 250,
      samplePrompt: "The people",
      checkpointEvery: 100,
    },
  },
  "gpu-small": {
    about: "minutes on a laptop's GPU",
    options: {
      tokenizer: "train",
      vocabSize: 8192,
      valTokens: 262144,
      layers: 6,
      heads: 6,
      channels: 384,
      seqLen: 256,
      batchSize: 32,
      steps: 2000,
      lr: 1e-3,
      warmup: 100,
      evalEvery: 200,
      evalBatches: 20,
      sampleEvery: 500,
      samplePrompt: "The people",
      checkpointEvery: 250,
    },
  },
  "gpt2-124m": {
    about: "GPT-2 small as published; days on one GPU",
    options: {
      tokenizer: "gpt2",
      vocabSize: 50257,
      layers: 12,
      heads: 12,
      channels: 768,
      seqLen: 1024,
      vocabPad: 128,
      batchSize: 4,
      totalBatchTokens: 524288,
      optimizer: "adamw",
      lr: 6e-4,
      minLr: 6e-5,
      warmup: 700,
      schedule: "cosine",
      beta1: 0.9,
      beta2: 0.95,
      eps: 1e-8,
      weightDecay: 0.1,
      gradClip: 1,
    },
  },
};

/** The preset that `auto` stands for on a machine, and why. */
export function pickPreset(machine: Machine): { readonly name: string; readonly why: string } {
  if (machine.device === "cpu") return { name: "tiny", why: "training runs on the CPU" };
  const least = 256 * 2 ** 20; // logits and their gradient at B 32, T 256, V 8192
  if ((machine.maxBufferSize ?? Infinity) < least) {
    return { name: "tiny", why: "the GPU's buffers are small" };
  }
  return { name: "gpu-small", why: "training runs on a GPU" };
}
