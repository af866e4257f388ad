/**
 * The plan of a training run as --dry-run prints it.
 *
 * @module
 */
import { withCost } from "../../stages/model/plan_cost.ts";
import type { Env } from "../cli/pipeline.ts";
import { machineLines, plannedGpu } from "./machine_lines.ts";
import { largestModelLines } from "./memory/largest_model.ts";
import { maxBatchSizes } from "./memory/max_batch_size.ts";
import { planLines } from "./plan_lines.ts";
import { stepsOf } from "./training_length.ts";
import { type PlanInputs, trainingPlan, type TrainingValues } from "./training_plan.ts";

/** Returns the lines of the plan: the model, its memory and cost, and the run's length. */
export function trainingPlanLines(o: TrainingValues, inputs: PlanInputs, env: Env): readonly string[] {
  const plan = trainingPlan(o, { ...inputs, ranks: env.ranks }), steps = stepsOf(o), half = o.dtype === "f16";
  return planLines({
    ...withCost(plan, plannedGpu(env, { half })),
    steps,
    maxBatchSizes: maxBatchSizes(o, inputs),
    largestModel: largestModelLines(),
    machine: machineLines(plan, env, { half, steps }),
  });
}
