/**
 * Options for training: batches, length, memory and precision, and the optimizer. A pipeline spreads the
 * groups that it needs into its own options. To change a default, it declares the option again after them.
 *
 * Defaults are those of GPT-2 124M; presets set other values. A `fixed` option keeps its value when a run is
 * resumed: it changes the model or the position in the data. The others may change; the run records it.
 *
 * @module
 */
import { distributedOptions, outerOptions } from "../../cli/distributed_options.ts";
import { duration, flag, integer, oneOf } from "../../cli/option_types.ts";
import { optimizerOptions } from "./optimizer_options.ts";

const fixed = true;
const batch = { group: "Batch size" };
const length = { group: "Length of training" };
const computation = { group: "Memory and precision" };

/** Order in which the gradients of micro-batches are added. */
export const gradSumOption = oneOf(
  "order in which the gradients of micro-batches are added: tree gives the same bits for any number of processes, and takes up to log2(micro-batches) times the memory of the gradients more; running takes no more; auto is tree if that memory is at most 1 GiB or a quarter of the rest",
  { value: "auto", choices: ["auto", "tree", "running"], ...computation },
);

/** Options of every pipeline that trains on token shards. */
export const trainingOptions = {
  shuffle: oneOf(
    "order of the training sequences: none keeps the order of the shards; windows shuffles within each part of a shard as it arrives; shards shuffles the parts too; all shuffles all sequences together; the last two wait for the whole source",
    { value: "windows", fixed, group: "Data", choices: ["none", "shards", "windows", "all"] },
  ),
  batchSize: integer("sequences per micro-batch", { value: 16, min: 1, max: 65536, ...batch }),
  gradAccum: integer(
    "micro-batches per step and process; default: computed from --total-batch-tokens, or 1 without that option",
    {
      value: null,
      replaces: ["totalBatchTokens"],
      min: 1,
      max: 65536,
      perRank: 1,
      ...batch,
    },
  ),
  gradSum: gradSumOption,
  totalBatchTokens: integer("tokens per step; must be a multiple of --batch-size times --seq-len", {
    value: null,
    replaces: ["gradAccum"],
    min: 1,
    ...batch,
  }),
  steps: integer("stop after N steps; default: one pass over the tokens", {
    value: null,
    min: 1,
    limits: "steps",
    ...length,
  }),
  epochs: integer("stop after N passes over the tokens", {
    value: null,
    min: 1,
    limits: "epochs",
    ...length,
  }),
  tokens: integer("stop after N tokens", { value: null, min: 1, limits: "tokens", ...length }),
  timeLimit: duration("stop after this time of training, such as 90s, 5m or 1h30m", {
    value: null,
    limits: "seconds",
    ...length,
  }),
  ...optimizerOptions,
  lr: { ...optimizerOptions.lr, about: "highest learning rate; default with --lora: 0.001" },
  recompute: oneOf(
    "save memory by computing activations again in the backward pass, with the same results: gelu saves a quarter of them, block nearly all",
    { value: "none", choices: ["none", "gelu", "block"], ...computation },
  ),
  dtype: oneOf(
    "precision of the operands of matrix products; weights, sums and everything else are f32; f16 needs WebGPU and is faster on GPUs that compute in f16",
    { value: "f32", fixed, choices: ["f32", "f16"], ...computation },
  ),
  ...distributedOptions,
  ...outerOptions,
  profile: flag(
    "time every op of steps 5 to 9 and write OUT/profile/profile.json and the Chrome trace OUT/profile/trace.json; times fewer steps if they have many micro-batches",
    { value: false, group: "Device" },
  ),
};
