/**
 * Groups of options that pipelines share: an option means the same wherever it stands. A pipeline spreads the groups it
 * needs, and changes a default by declaring the option again after them.
 *
 * Defaults are those of GPT-2 124M; presets set others. `fixed` options belong to what a run is.
 *
 * @module
 */
import type { OptionRequirement } from "../cli/pipeline.ts";
import { duration, flag, integer, number, oneOf, path, repeated, text } from "../cli/option_types.ts";
import { runOptions } from "../cli/run_options.ts";

const fixed = true;

/** For options of some optimizers only. */
function anyOptimizer(...names: readonly string[]): OptionRequirement {
  return {
    option: "optimizer",
    accepts: (value) => names.includes(String(value)),
    typed: `--optimizer ${names.join(" or ")}`,
  };
}

const withAdam = { fixed, group: "Optimizer", requires: anyOptimizer("adamw", "muon") };

/** Learning a vocabulary. */
export const vocabularyOptions = {
  vocabSize: integer("bytes, merges and special tokens together", {
    value: 50257,
    min: 1,
    fixed,
    group: "Tokenizer",
  }),
  pattern: text("how text is split before merging: gpt2, gpt4, o200k, none or a regular expression", {
    value: "gpt2",
    fixed,
    group: "Tokenizer",
    placeholder: "gpt2|gpt4|o200k|none|REGEX",
  }),
  special: repeated("a special token; may be repeated", {
    value: ["<|endoftext|>"],
    fixed,
    group: "Tokenizer",
  }),
  tieBreak: oneOf("which of equally frequent pairs is merged first", {
    value: "first-seen",
    fixed,
    group: "Tokenizer",
    choices: ["first-seen", "greatest", "smallest-id"],
  }),
};

/** Which tokenizer, and how it is learned where it is. */
export const tokenizerOptions = {
  tokenizer: text(
    "gpt2, p50k, cl100k, o200k, char, byte, train (learned from a sample of the source), or a trained one's folder",
    {
      value: "gpt2",
      fixed,
      group: "Tokenizer",
      placeholder: "NAME|PATH",
    },
  ),
  ...vocabularyOptions,
};

/** The part of the documents that is not trained on. */
export const validationOptions = {
  valTokens: integer("the first documents, whole, are held out for validation until they have N tokens", {
    value: 1_048_576,
    min: 2,
    fixed,
    group: "Shards",
  }),
};

/** Token shards that are there already. */
export const shardOptions = {
  trainShards: path("token shards to train on", { value: null, fixed, group: "Shards", placeholder: "GLOB" }),
  valShards: path("token shards to validate on", {
    value: null,
    fixed,
    group: "Shards",
    placeholder: "GLOB",
  }),
  shardFormat: oneOf("format of .bin shards: llm.c's, or nanoGPT's train.bin; .ds is datatrove's", {
    value: "llmc",
    fixed,
    group: "Shards",
    choices: ["llmc", "nanogpt"],
  }),
  vocabSize: integer("size of the shards' vocabulary; default: their tokenizer's, else --init-from's", {
    value: null,
    min: 1,
    fixed,
    group: "Shards",
  }),
};

/** Batches, length of the run, optimizer. */
export const trainingOptions = {
  shuffle: oneOf(
    "none: consecutive windows; windows: shuffled within a stretch of a shard, as it comes; shards: stretches in random order too; all: all windows together. The last two wait for the end of the source",
    { value: "windows", fixed, group: "Training", choices: ["none", "shards", "windows", "all"] },
  ),
  batchSize: integer("sequences a micro-batch", { value: 16, min: 1, max: 65536, fixed, group: "Training" }),
  gradAccum: integer("micro-batches a step; default: from --total-batch-tokens, else 1", {
    value: null,
    replaces: ["totalBatchTokens"],
    min: 1,
    max: 65536,
    fixed,
    group: "Training",
  }),
  totalBatchTokens: integer("tokens a step; must be a multiple of batch size times sequence length", {
    value: null,
    replaces: ["gradAccum"],
    min: 1,
    fixed,
    group: "Training",
  }),
  recompute: oneOf(
    "what the backward pass computes again instead of keeping it, for memory; results are the same: gelu saves a quarter of activations, block nearly all",
    { value: "none", group: "Training", choices: ["none", "gelu", "block"] },
  ),
  dtype: oneOf(
    "what products of matrices round their operands to; sums, weights and all else are f32. f16: faster on GPUs that compute with it, on WebGPU only",
    { value: "f32", fixed, group: "Training", choices: ["f32", "f16"] },
  ),
  steps: integer("stop after N updates; default: one pass over the tokens", {
    value: null,
    min: 1,
    limits: "steps",
    group: "Training",
  }),
  epochs: integer("stop after N passes over the tokens", {
    value: null,
    min: 1,
    limits: "epochs",
    group: "Training",
  }),
  tokens: integer("stop after N tokens", { value: null, min: 1, limits: "tokens", group: "Training" }),
  timeLimit: duration("stop after this time of training", {
    value: null,
    limits: "seconds",
    group: "Training",
  }),
  optimizer: oneOf("update rule; muon: for matrices between embedding and head, all else has adamw's", {
    value: "adamw",
    fixed,
    group: "Optimizer",
    choices: ["adamw", "muon", "sgd"],
  }),
  lr: number("highest learning rate", { value: 6e-4, min: 0, fixed, group: "Optimizer" }),
  minLr: number("learning rate at the schedule's end; default: a tenth of --lr", {
    value: null,
    min: 0,
    fixed,
    group: "Optimizer",
  }),
  warmup: integer("steps of warm-up", { value: 0, min: 0, fixed, group: "Optimizer" }),
  schedule: oneOf("learning rate after the warm-up", {
    value: "cosine",
    fixed,
    group: "Optimizer",
    choices: ["cosine", "linear", "constant", "wsd"],
  }),
  scheduleSteps: integer("length of the schedule; default: the first run's --steps", {
    value: null,
    min: 1,
    fixed,
    // Resuming with more steps must not change the rates of the steps already taken. A run limited by time gets the
    // preset's length.
    atStart: ({ steps, timeLimit }, dropped) =>
      numberOrNull(steps ?? (timeLimit === null ? null : dropped.get("steps"))),
    group: "Optimizer",
  }),
  muonLr: number(
    "highest learning rate of muon's matrices, which rises and falls as --lr does; default 0.02",
    {
      value: null,
      min: 0,
      fixed,
      group: "Optimizer",
      requires: anyOptimizer("muon"),
    },
  ),
  momentum: number("share of the last step that is taken again; default: muon 0.95, sgd 0.9", {
    value: null,
    min: 0,
    max: 0.9999,
    fixed,
    group: "Optimizer",
    requires: anyOptimizer("muon", "sgd"),
  }),
  beta1: number("AdamW's decay of the mean", { value: 0.9, min: 0, max: 0.9999, ...withAdam }),
  beta2: number("AdamW's decay of the mean square", { value: 0.95, min: 0, max: 0.99999, ...withAdam }),
  eps: number("AdamW's epsilon", { value: 1e-8, min: 0, ...withAdam }),
  weightDecay: number("on tensors of two or more dimensions", {
    value: 0.1,
    min: 0,
    fixed,
    group: "Optimizer",
  }),
  profile: flag(
    "time every op of updates 5 to 9 of this run, of many micro-batches fewer: OUT/profile/ gets a table (profile.json) and a Chrome trace (trace.json)",
    { value: false, group: "Run" },
  ),
  gradClip: number("largest norm of the gradient; 0 = off", { value: 1, min: 0, fixed, group: "Optimizer" }),
  skipSpikeZ: number(
    "a loss or gradient norm that stands Z deviations above the mean of the last 128 is a spike: its update is skipped, or see --on-spike; 0 = off",
    { value: 0, min: 0, group: "Mishaps", placeholder: "Z" },
  ),
  onSpike: oneOf(
    "skip: leave the weights as they are (each update then waits for its loss); stop: end with an error that names the batch; rollback: go back to the last checkpoint and leave the batch out",
    {
      value: "skip",
      group: "Mishaps",
      choices: ["stop", "skip", "rollback"],
      requires: { option: "skipSpikeZ", accepts: (z) => Number(z) > 0, typed: "--skip-spike-z above 0" },
    },
  ),
  onNan: oneOf("the same where a loss or gradient norm is no number", {
    value: "stop",
    group: "Mishaps",
    choices: ["stop", "skip", "rollback"],
  }),
};

/** What HellaSwag is asked. */
export const hellaswagOptions = {
  hellaswag: path("HellaSwag's items, JSON lines of ctx, label and endings, also .gz or .zst", {
    value: null,
    group: "Cadence",
    placeholder: "FILE",
  }),
  hellaswagItems: integer("items asked, the first ones; default: all", {
    value: null,
    min: 1,
    group: "Cadence",
  }),
};

/** How often things happen, in steps; 0 = never. */
export const monitoringOptions = {
  hellaswagEvery: integer("steps between rounds of --hellaswag; 0 = off", {
    value: 250,
    min: 0,
    group: "Cadence",
  }),
  ...hellaswagOptions,
  inspectEvery: integer(
    "steps between looks inside the model: gradients by layer, updates to values, activations; 0 = off; a look costs about a step",
    { value: 0, min: 0, group: "Cadence" },
  ),
  evalEvery: integer("steps between validations; 0 = off", { value: 250, min: 0, group: "Cadence" }),
  evalBatches: integer("micro-batches a validation", { value: 20, min: 1, group: "Cadence" }),
  sampleEvery: integer("steps between samples; 0 = off", { value: 1000, min: 0, group: "Cadence" }),
  samplePrompt: text("what samples begin with", { value: "", group: "Cadence" }),
  checkpointEvery: integer("steps between checkpoints; 0 = only at the end", {
    value: 1000,
    min: 0,
    group: "Cadence",
  }),
  tensorboard: flag("also write what is plotted for TensorBoard: tensorboard --logdir OUT/tensorboard", {
    value: false,
    group: "Cadence",
  }),
  keepCheckpoints: integer(
    "checkpoints kept, the newest, and beside them the one of least validation loss; 0 = all",
    { value: 3, min: 0, group: "Cadence" },
  ),
  logEvery: runOptions.logEvery, // also here: it says how many losses a GPU keeps until they are read
};

function numberOrNull(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
