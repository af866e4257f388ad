/**
 * Options of the pipelines that train a model further: on conversations, preferences or rewards.
 *
 * @module
 */
import { distributedOptions } from "../../cli/distributed_options.ts";
import { integer, oneOf, path } from "../../cli/option_types.ts";
import { adapterOptions } from "../options/adapter_options.ts";
import { given, notGiven } from "../options/requirements.ts";
import { gradSumOption } from "../options/training_options.ts";
import { optimizerOptions } from "../options/optimizer_options.ts";

const fixed = true;
const model = { group: "Model", fixed };
const batch = { group: "Batch size" };
const intervals = { group: "Evaluation and checkpoints" };

/** Returns the option of the learning rate; `share` is the share of a run's rate for the run's model. */
export function rateOption(share: string, value: number): typeof optimizerOptions.lr {
  const about = `highest learning rate; default: 0.004 for a new model, ${share} of the run's rate for the ` +
    "model of a run, ten times as high with --lora";
  return { ...optimizerOptions.lr, about, value };
}

/** Options of every pipeline of post-training. */
export const chatOptions = {
  initFrom: path(
    "model to train further: a run's folder or checkpoint, a Hugging Face folder, a .gguf, an llm.c .bin; default: a small model that first learns the little world",
    { value: null, placeholder: "PATH", stored: "model", ...model },
  ),
  tokenizer: path("tokenizer of the model; default: the one in its files", {
    value: null,
    placeholder: "NAME|PATH",
    stored: "tokenizer",
    ...model,
    requires: given("initFrom", "--init-from PATH"),
  }),
  template: path(
    "chat template: model (that of the model's files), nanochat, chatml, or the file of a Jinja template; default: the model's, else the one that its special tokens fit",
    { value: null, placeholder: "NAME|FILE", stored: "files", ...model },
  ),
  seqLen: integer("tokens per sequence; default: 512, or the model's sequence length if it is shorter", {
    value: null,
    min: 2,
    ...model,
  }),
  worldSteps: integer("steps in which a new model learns the little world before", {
    value: 400,
    min: 0,
    ...model,
    requires: notGiven("initFrom", "a command without --init-from"),
  }),
  ...adapterOptions,
  batchSize: integer("sequences per micro-batch", { value: 16, min: 1, max: 65_536, ...batch, fixed }),
  gradAccum: integer("micro-batches per step and process; default: 1", {
    value: null,
    min: 1,
    max: 65_536,
    perRank: 1,
    ...batch,
    fixed,
  }),
  gradSum: gradSumOption,
  recompute: oneOf(
    "save memory by computing activations again in the backward pass, with the same results: gelu saves a quarter of them, block nearly all",
    { value: "none", choices: ["none", "gelu", "block"], group: "Memory and precision" },
  ),
  ...distributedOptions,
  ...optimizerOptions,
  optimizer: { ...optimizerOptions.optimizer, value: "adamw" as const },
  lr: rateOption("a tenth", 2e-5),
  weightDecay: { ...optimizerOptions.weightDecay, value: 0 },
  beta2: { ...optimizerOptions.beta2, value: 0.99 },
  schedule: { ...optimizerOptions.schedule, value: "linear" as const },
  scheduleSteps: {
    ...optimizerOptions.scheduleSteps,
    about: "length of the schedule in steps; default: the first run's --steps",
  },
  steps: integer(
    "stop after N steps, those of --world-steps included; default for a new model: some more than --world-steps",
    {
      value: 100,
      min: 1,
      limits: "steps" as const,
      group: "Length of training",
    },
  ),
  checkpointEvery: integer("steps between checkpoints; 0 = only at the end", {
    value: 50,
    min: 0,
    ...intervals,
  }),
  keepCheckpoints: integer("newest checkpoints to keep; 0 = keep all", { value: 3, min: 0, ...intervals }),
};
