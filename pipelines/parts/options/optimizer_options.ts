/**
 * Options for the optimizer, its learning rate, and updates that diverge.
 *
 * @module
 */
import { integer, number, oneOf } from "../../cli/option_types.ts";
import type { OptionRequirement } from "../../cli/pipeline.ts";
import { above0, oneOfValues } from "./requirements.ts";

const fixed = true;
const rate = { group: "Learning rate" };
const optimizer = { fixed, group: "Optimizer" };
const changeable = { group: "Optimizer" };
const divergence = { group: "Divergence" };

/** Returns the requirement of an option that only some optimizers use. */
function onlyFor(...names: readonly string[]): OptionRequirement {
  return oneOfValues("optimizer", names, `--optimizer ${names.join(" or ")}`);
}

const falling = ["cosine", "linear", "wsd"]; // schedules that have an end
const scheduled = oneOfValues("schedule", falling, `--schedule ${falling.join(" or ")}`);

const adam = { ...optimizer, requires: onlyFor("adamw", "muon") };

/** Options that determine how gradients change the weights. Defaults are those of GPT-2 124M. */
export const optimizerOptions = {
  optimizer: oneOf(
    "optimizer; muon updates the hidden matrices, and adamw all other weights",
    { value: "adamw", choices: ["adamw", "muon", "sgd"], ...optimizer },
  ),
  momentum: number("momentum, from 0 to 0.9999; default: 0.95 for muon, 0.9 for sgd", {
    value: null,
    min: 0,
    max: 0.9999,
    ...optimizer,
    requires: onlyFor("muon", "sgd"),
  }),
  beta1: number("decay of AdamW's mean of gradients, per step", { value: 0.9, min: 0, max: 0.9999, ...adam }),
  beta2: number("decay of AdamW's mean of squared gradients, per step", {
    value: 0.95,
    min: 0,
    max: 0.99999,
    ...adam,
  }),
  eps: number("AdamW's epsilon, which keeps its divisor above 0", { value: 1e-8, min: 0, ...adam }),
  weightDecay: number("weight decay of tensors with two or more dimensions", {
    value: 0.1,
    min: 0,
    ...changeable,
  }),
  gradClip: number("largest norm of the gradient; 0 = no clipping", { value: 1, min: 0, ...changeable }),
  lr: number("highest learning rate", { value: 6e-4, min: 0, ...rate }),
  minLr: number(
    "learning rate at the end of the schedule; default: a tenth of --lr; where --lr alone is given, a preset's or an earlier --min-lr stays the same share of it",
    {
      value: null,
      min: 0,
      shareOf: "lr",
      ...rate,
      requires: {
        ...scheduled,
        accepts: (kind, given) => given.own === given.values.lr || scheduled.accepts(kind, given),
      },
    },
  ),
  muonLr: number(
    "highest learning rate of muon's matrices, scheduled like --lr; default: 0.02; where --lr alone is given, a preset's or an earlier --muon-lr stays the same share of it",
    { value: null, min: 0, shareOf: "lr", ...rate, requires: onlyFor("muon") },
  ),
  warmup: integer("steps of linear warm-up", { value: 0, min: 0, ...rate }),
  schedule: oneOf("learning rate schedule after the warm-up", {
    value: "cosine",
    choices: ["cosine", "linear", "constant", "wsd"],
    ...rate,
  }),
  scheduleSteps: integer(
    "length of the schedule in steps; default: the first run's --steps or what its other limit amounts to; for --time-limit it is computed once, from the time of 20 steps",
    {
      value: null,
      min: 1,
      ...rate,
      requires: scheduled,
      // Resuming with more steps must not change the learning rates of the steps already taken.
      atStart: ({ steps }) => typeof steps === "number" ? steps : null,
    },
  ),
  skipSpikeZ: number(
    "a loss or gradient norm Z standard deviations above the mean of the last 128 counts as a spike; 0 = no detection",
    { value: 0, min: 0, placeholder: "Z", ...divergence },
  ),
  onSpike: oneOf(
    "what to do at a spike: skip drops the update, and makes every update wait for its loss; stop ends with an error that names the batch; rollback resumes from the last checkpoint and skips the batch",
    {
      value: "skip",
      choices: ["stop", "skip", "rollback"],
      ...divergence,
      requires: above0("skipSpikeZ", "--skip-spike-z Z above 0"),
    },
  ),
  onNan: oneOf("what to do when the loss or the gradient norm is NaN or infinite", {
    value: "stop",
    choices: ["stop", "skip", "rollback"],
    ...divergence,
  }),
};
