/**
 * Options for actions at intervals during training: evaluation, samples, checkpoints.
 *
 * @module
 */
import { flag, integer, path, text } from "../../cli/option_types.ts";
import { runOptions } from "../../cli/run_options.ts";
import { above0, given, unlessOff } from "./requirements.ts";

const evaluation = { group: "Evaluation and checkpoints" };
const sampling = { group: "Sampling" };
const onHellaswag = given("hellaswag", "--hellaswag FILE");
const atIntervals = above0("hellaswagEvery", "--hellaswag-every N above 0");

/** Options for HellaSwag. */
export const hellaswagOptions = {
  hellaswag: path("HellaSwag items: JSON lines of ctx, label and endings, also packed", {
    value: null,
    placeholder: "FILE",
    stored: "files",
    ...evaluation,
    requires: atIntervals,
  }),
  hellaswagItems: integer("HellaSwag items to use, counted from the start of the file; default: all", {
    value: null,
    min: 1,
    ...evaluation,
    requires: [onHellaswag, atIntervals],
  }),
};

/** Options for intervals, in steps. */
export const monitoringOptions = {
  evalEvery: integer("steps between evaluations on the validation text; 0 = never", {
    value: 250,
    min: 0,
    ...evaluation,
  }),
  evalBatches: integer(
    "how much of the validation text an evaluation takes, the same for every batch size, in blocks of 4,096 bytes; the last evaluation takes all of the text",
    {
      value: 32,
      min: 1,
      ...evaluation,
      requires: above0("evalEvery", "--eval-every N above 0"), // the last evaluation takes all of the text
    },
  ),
  ...hellaswagOptions,
  hellaswagEvery: integer("steps between evaluations on --hellaswag; 0 = never", {
    value: 250,
    min: 0,
    ...evaluation,
    requires: unlessOff(onHellaswag, 0),
  }),
  inspectEvery: integer(
    "steps between inspections of the model: activations, gradients by layer, ratio of updates to weights; an inspection takes about as long as a step; 0 = never",
    { value: 0, min: 0, ...evaluation },
  ),
  checkpointEvery: integer("steps between checkpoints; 0 = only at the end", {
    value: 1000,
    min: 0,
    ...evaluation,
  }),
  keepCheckpoints: integer(
    "newest checkpoints to keep; the one with the lowest validation loss is kept as well; 0 = keep all",
    { value: 3, min: 0, ...evaluation },
  ),
  tensorboard: flag("also write metrics for TensorBoard: tensorboard --logdir OUT/tensorboard", {
    value: false,
    ...evaluation,
  }),
  sampleEvery: integer("steps between samples; 0 = never", { value: 1000, min: 0, ...sampling }),
  samplePrompt: text("prompt of the samples; default: the first words of the validation text", {
    value: null,
    ...sampling,
    requires: above0("sampleEvery", "--sample-every N above 0"),
  }),
  logEvery: runOptions.logEvery, // training also reads losses from a GPU at this interval
};
