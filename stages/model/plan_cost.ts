/**
 * Costs of a plan on a GPU, which are computed without a GPU: `--dry-run` prints them, and tests compare them
 * with a device's counters.
 *
 * @module
 */
import {
  costOf,
  countPipelines,
  type ProgramCost,
  scratchBytes,
  sumOfCosts,
} from "../../kernels/core/cost.ts";
import { type Gpu, leastGpu } from "../../kernels/core/gpu.ts";
import { largestSlot } from "../../kernels/core/limits.ts";
import { submitLimits } from "../../kernels/engine/webgpu/submit_pace.ts";
import type { Plan } from "./plan.ts";
import { historyLength, programsOfStep } from "./training_plan.ts";

export type { ProgramCost } from "../../kernels/core/cost.ts";

/** Costs of a plan. */
export interface PlanCost {
  /**
   * Costs per update, all micro-batches included; zeros without training. `submits` is the lowest possible
   * number: a submit also ends after about 50 ms, see `SubmitLimits`. `readBacks` may be a fraction, because
   * one read returns the results of several updates. Deno's WebGPU waits for the device at each read, see
   * `SessionCounters`.
   */
  readonly step: ProgramCost & {
    readonly runs: number;
    readonly submits: number;
    readonly readBacks: number;
  };
  /** Costs of one run of each program. */
  readonly programs: readonly (ProgramCost & { readonly name: string })[];
  /** Number of different GPU kernels in all programs. */
  readonly pipelines: number;
  /**
   * The largest tensor that is bound as a whole, which a device's limits must allow; null if there is no
   * tensor.
   */
  readonly largest: { readonly label: string; readonly bytes: number } | null;
  /** Bytes in addition to all tensors, for intermediate results between the dispatches of one call. */
  readonly scratchBytes: number;
}

/**
 * Returns the costs of a plan on a GPU, by default a GPU with the lowest limits that WebGPU allows. No
 * kernels are compiled.
 */
export function planCost(plan: Plan, gpu: Gpu = leastGpu): PlanCost {
  const programs = plan.programs.map((program) => ({ name: program.name, ...costOf(program, gpu) }));
  const of = (name: string) => programs.filter((program) => program.name === name);
  const { training } = plan, deferred = training?.deferred === true;
  const names = programsOfStep(training);
  const runs = (deferred ? [names.slice(0, -1), names.slice(-1)] : [names])
    .map((run) => sumOfCosts(run.flatMap(of))).filter(({ dispatches }) => dispatches > 0);
  return {
    step: {
      runs: runs.length,
      submits: runs.reduce((sum, run) => sum + Math.ceil(run.dispatches / submitLimits.dispatches), 0),
      readBacks: training === undefined ? 0 : deferred ? 1 : 1 / historyLength(training),
      ...sumOfCosts(runs),
    },
    programs,
    pipelines: countPipelines(plan.programs, gpu),
    largest: largestSlot(plan.programs),
    scratchBytes: scratchBytes(plan.programs, gpu),
  };
}

/** Returns a plan with its costs, for --dry-run. */
export function withCost(plan: Plan, gpu: Gpu = leastGpu): Plan & { readonly cost: PlanCost } {
  return { ...plan, cost: planCost(plan, gpu) };
}
