/**
 * The options of GPT-2, one row each. Defaults are those of GPT-2; the `value` of a required size is that of
 * GPT-2 124M.
 *
 * @module
 */
import { configFault, type ConfigOf } from "./model_options.ts";
import { sizeRows } from "./size_rows.ts";

/** Every option of `gpt`. */
export const gptOptions = {
  layers: { ...sizeRows.layers, value: 12, huggingFace: ["n_layer"] },
  heads: {
    kind: "size",
    about: "attention heads per block; must divide --channels",
    unit: "heads",
    required: true,
    value: 12,
    min: 1,
    max: 1000,
    huggingFace: ["n_head"],
  },
  channels: { ...sizeRows.channels, value: 768, huggingFace: ["n_embd"] },
  seqLen: { ...sizeRows.seqLen, value: 1024, huggingFace: ["n_positions", "n_ctx"] },
  vocabSize: { ...sizeRows.vocabSize, value: 50257, huggingFace: ["vocab_size"] },
  vocabPad: { ...sizeRows.vocabPad, value: 128 },
  gelu: {
    kind: "choice",
    about: "GELU: tanh, the approximation of GPT-2, or erf, the exact function of PyTorch and nanoGPT",
    value: "tanh",
    choices: ["tanh", "erf"],
    huggingFace: ["activation_function"],
    huggingFaceWords: {
      tanh: ["gelu_new", "gelu_pytorch_tanh", "gelu_fast", "gelu_accurate", "gelu_python_tanh"],
      erf: ["gelu", "gelu_python"],
    },
  },
  bias: {
    kind: "flag",
    about: "biases in linear layers and norms",
    value: true,
    zeros: true,
  },
  tie: {
    kind: "flag",
    about: "weight sharing between the token embedding and the output head",
    value: true,
    huggingFace: ["tie_word_embeddings"],
  },
  normEps: {
    kind: "number",
    about: "epsilon of the layer norms: added to the variance before its square root",
    value: 1e-5,
    min: 1e-12, // the epsilon of BERT, the smallest that a published model uses
    max: 1,
    huggingFace: ["layer_norm_epsilon"],
  },
  dropout: {
    kind: "number",
    about:
      "probability of zeroing a number while training: in the embedding, attention weights and block outputs",
    value: 0,
    min: 0,
    max: 0.99,
    affects: "training",
    huggingFace: ["embd_pdrop", "attn_pdrop", "resid_pdrop"],
  },
} as const;

/**
 * Configuration of a GPT: its sizes, and other options that differ from their default. `gptOptions` describes
 * them.
 */
export type GptConfig = ConfigOf<typeof gptOptions>;

/** Describes what is wrong with a configuration, and what is expected; null if it is valid. */
export function gptFault(config: Readonly<Record<string, unknown>>): string | null {
  const fault = configFault(gptOptions, config);
  if (fault !== null) return fault;
  const channels = Number(config.channels), heads = Number(config.heads);
  if (channels % heads === 0) return null;
  const below = channels - channels % heads;
  return `channels is ${channels}, expected a multiple of the ${heads} heads, for example ${
    below === 0 ? heads : below
  }`;
}

/** Returns whether a value is a valid configuration of `gpt`; keys that are not options are ignored. */
export function isGptConfig(config: unknown): config is GptConfig {
  return typeof config === "object" && config !== null && gptFault({ ...config }) === null;
}
