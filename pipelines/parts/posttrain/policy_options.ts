/**
 * Options of policy gradients: the task, how its answers are sampled, and how they are weighed.
 *
 * @module
 */
import { klKinds } from "../../../stages/rl/kl.ts";
import { algorithms } from "../../../stages/rl/policy_loss.ts";
import { flag, integer, number, oneOf, path } from "../../cli/option_types.ts";
import { above0, oneOfValues, unlessOff } from "../options/requirements.ts";
import { taskHelp, taskSourceOption } from "./tasks.ts";
import { toolOptions } from "./tool_options.ts";

const fixed = true;
const task = { group: "Task", fixed };
const policy = { group: "Policy gradient", fixed };
/** Algorithms that divide rewards; the two others have advantages of their own. */
const scaled = algorithms.filter((name) => name !== "reinforce" && name !== "rloo");
const withKl = above0("kl", "--kl X above 0");

/** The task, and how a model learns from its answers. */
export const policyOptions = {
  task: path(`task: ${taskHelp}`, { value: "arithmetic", placeholder: "NAME|FILE.ts", ...task }),
  source: taskSourceOption(task),
  ...toolOptions(task),
  group: integer("number of samples for each question", { value: 16, min: 2, max: 1024, ...policy }),
  algorithm: oneOf("how answers are weighed", { value: "grpo", choices: algorithms, ...policy }),
  scaleRewards: oneOf(
    "what rewards are divided by: the standard deviation of their group, or of all; or nothing",
    {
      value: "group",
      choices: ["group", "batch", "none"],
      ...policy,
      requires: unlessOff(
        oneOfValues("algorithm", scaled, `--algorithm ${scaled.slice(0, -1).join(", ")} or ${scaled.at(-1)}`),
        "group",
      ),
    },
  ),
  epsilonHigh: number("highest ratio of cispo: factor by which a token may have become more probable", {
    value: 1,
    min: 0,
    ...policy,
    requires: oneOfValues("algorithm", ["cispo"], "--algorithm cispo"),
  }),
  kl: number("factor of the divergence from the model that the run starts from; 0 = none", {
    value: 0,
    min: 0,
    ...policy,
  }),
  klEstimator: oneOf("estimator of the divergence", {
    value: "k3",
    choices: klKinds,
    ...policy,
    requires: withKl,
  }),
  maskCutOff: flag("leave answers that were cut off out of the loss", { value: false, ...policy }),
  temperature: number("temperature of the answers, in training too", { value: 1, min: 0.01, ...policy }),
  maxTokens: integer("longest answer; default: what the sequence leaves", {
    value: null,
    min: 1,
    unit: "tokens",
    ...policy,
  }),
};

/** When held-out questions are asked. */
export const questionOptions = {
  checkEvery: integer("steps between checks on held-out questions; 0 = never", {
    value: 50,
    min: 0,
    group: "Evaluation and checkpoints",
  }),
  checkItems: integer("held-out questions in a check", {
    value: 100,
    min: 1,
    group: "Evaluation and checkpoints",
    requires: above0("checkEvery", "--check-every N above 0"),
  }),
};
