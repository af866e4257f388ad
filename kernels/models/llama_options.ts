/**
 * The options of the Llama family, one row each. Defaults are those of Llama 2; the `value` of a required
 * size is that of SmolLM2 135M.
 *
 * @module
 */
import { configFault, type ConfigOf, type FullConfig, withDefaults } from "./model_options.ts";
import type { RopeScaling } from "./rope_table.ts";
import { keyHeadsRow, sizeRows } from "./size_rows.ts";

/** Every option of `llama`. */
export const llamaOptions = {
  layers: { ...sizeRows.layers, value: 30 },
  heads: {
    kind: "size",
    about: "query heads per block",
    unit: "heads",
    required: true,
    value: 9,
    min: 1,
    max: 1000,
  },
  keyHeads: { ...keyHeadsRow, value: 3 },
  headWidth: {
    kind: "size",
    about: "channels per head; even",
    unit: "channels per head",
    required: true,
    value: 64,
    min: 2,
    max: 1024,
  },
  channels: { ...sizeRows.channels, value: 576 },
  hidden: {
    kind: "size",
    about: "width of the gated MLP",
    unit: "channels in the MLP",
    required: true,
    value: 1536,
    min: 1,
    max: 2 ** 20,
  },
  seqLen: { ...sizeRows.seqLen, value: 2048 },
  vocabSize: { ...sizeRows.vocabSize, value: 49152 },
  vocabPad: { ...sizeRows.vocabPad, value: 1 },
  gate: { kind: "choice", about: "activation of the MLP's gate", value: "silu", choices: ["silu", "gelu"] },
  attentionBias: {
    kind: "choice",
    about: "biases of attention: of no projection, of queries, keys and values (Qwen 2), or of all",
    value: "none",
    choices: ["none", "qkv", "all"],
  },
  mlpBias: { kind: "flag", about: "biases in the MLP", value: false, zeros: true },
  tie: {
    kind: "flag",
    about: "weight sharing between the token embedding and the output head",
    value: true,
  },
  normEps: {
    kind: "number",
    about: "epsilon of the RMS norms: added to the mean of squares before its square root",
    value: 1e-5,
    min: 1e-12,
    max: 1,
  },
  initStd: {
    kind: "number",
    about: "standard deviation of the initial weights (transformers' initializer_range)",
    value: 0.02,
    min: 0,
    max: 100,
    affects: "training",
  },
  queryNorm: {
    kind: "flag",
    about: "RMS norms of each head's queries and keys (Qwen 3, Gemma 3)",
    value: false,
  },
  gemma: {
    kind: "flag",
    about:
      "Gemma's form: norms that multiply by 1 + weight, also after attention and MLP, a scaled embedding",
    value: false,
  },
  scoreWidth: {
    kind: "number",
    about: "attention scores are divided by the root of this; 0 = channels per head",
    value: 0,
    min: 0,
    max: 2 ** 20,
    commandLine: false,
  },
  attentionCap: {
    kind: "number",
    about: "soft cap of attention scores: numbers beyond it are bent back; 0 = none",
    value: 0,
    min: 0,
    max: 1e6,
  },
  logitCap: {
    kind: "number",
    about: "soft cap of the logits: numbers beyond it are bent back; 0 = none",
    value: 0,
    min: 0,
    max: 1e6,
  },
  window: {
    kind: "size",
    about: "sliding window: tokens that a token attends to, itself included; 0 = all",
    unit: "positions of window",
    value: 0,
    min: 0,
    max: 2 ** 20,
  },
  globalEvery: {
    kind: "size",
    about: "every N-th block has no window; 0 = all blocks have it",
    unit: "blocks",
    value: 0,
    min: 0,
    max: 1000,
  },
  ropeEvery: {
    kind: "size",
    about: "every N-th block has no rotary positions (SmolLM 3); 0 = all blocks have them",
    unit: "blocks",
    value: 0,
    min: 0,
    max: 1000,
  },
  ropeBase: {
    kind: "number",
    about: "base of the rotary frequencies: their wavelengths grow to 2π times it, in tokens",
    value: 10_000,
    min: 1,
    max: 1e12,
  },
  localRopeBase: {
    kind: "number",
    about: "base of the rotary frequencies in blocks with a window (Gemma 3), unscaled; 0 = as in the others",
    value: 0,
    min: 0,
    max: 1e12,
  },
  ropeScaling: {
    kind: "choice",
    about: "scaling of the rotary frequencies for contexts longer than in pre-training",
    value: "none",
    choices: ["none", "linear", "llama3", "yarn"],
    commandLine: false,
  },
  ropeFactor: {
    kind: "number",
    about: "factor of the scaling",
    value: 1,
    min: 1,
    max: 1e6,
    commandLine: false,
  },
  ropeLength: {
    kind: "size",
    about: "context of pre-training, for scalings llama3 and yarn",
    unit: "positions",
    value: 8192,
    min: 1,
    max: 2 ** 31 - 1,
    commandLine: false,
  },
  ropeLow: {
    kind: "number",
    about:
      "turns in that context below which a frequency is scaled (llama3: low_freq_factor, yarn: beta_slow)",
    value: 1,
    min: 0,
    max: 1e6,
    commandLine: false,
  },
  ropeHigh: {
    kind: "number",
    about: "turns in that context above which a frequency stays (llama3: high_freq_factor, yarn: beta_fast)",
    value: 4,
    min: 0,
    max: 1e6,
    commandLine: false,
  },
  ropeAttention: {
    kind: "number",
    about: "yarn's factor of cosines and sines; 0 = 0.1 ln(factor) + 1",
    value: 0,
    min: 0,
    max: 1e3,
    commandLine: false,
  },
} as const;

/** Configuration of a model of the Llama family. `llamaOptions` describes it. */
export type LlamaConfig = ConfigOf<typeof llamaOptions>;

/** A configuration with every option. */
export type FullLlamaConfig = FullConfig<typeof llamaOptions>;

/** Describes what is wrong with a configuration, and what is expected; null if it is valid. */
export function llamaFault(config: Readonly<Record<string, unknown>>): string | null {
  const fault = configFault(llamaOptions, config);
  if (fault !== null) return fault;
  const { heads, keyHeads, headWidth, ropeLow, ropeHigh } = withDefaults(llamaOptions, config as LlamaConfig);
  if (heads % keyHeads !== 0) {
    return `keyHeads is ${keyHeads}, expected a divisor of the ${heads} heads of queries, for example 1`;
  }
  if (headWidth % 2 !== 0) {
    return `headWidth is ${headWidth}, expected an even number, for example ${headWidth + 1}`;
  }
  if (ropeLow >= ropeHigh) return `ropeLow is ${ropeLow}, expected less than ropeHigh, which is ${ropeHigh}`;
  return null;
}

/** Returns the scaling of the rotary frequencies. */
export function scalingOf(config: FullLlamaConfig): RopeScaling {
  const { ropeScaling: kind, ropeFactor: factor, ropeLength: length, ropeLow, ropeHigh, ropeAttention } =
    config;
  switch (kind) {
    case "none":
      return { kind };
    case "linear":
      return { kind, factor };
    case "llama3":
      return { kind, factor, length, low: ropeLow, high: ropeHigh };
    case "yarn": {
      const attention = ropeAttention || 0.1 * Math.log(factor) + 1;
      return { kind, factor, length, slow: ropeLow, fast: ropeHigh, attention };
    }
  }
}
