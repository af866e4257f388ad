/**
 * What a plan asks of a GPU, without one: `--dry-run` prints it, tests compare it with what a device counted.
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
import { largestSlot } from "../../kernels/core/limits.ts";
import { type Gpu, leastGpu } from "../../kernels/core/gpu.ts";
import { historyLength, type Plan, programsOfStep } from "./plan.ts";

export type { ProgramCost } from "../../kernels/core/cost.ts";

/** Counts of a plan. */
export interface PlanCost {
  /**
   * One update, all micro-batches; zeros without training. `readBacks` is a mean: results are read for as many updates
   * at once as the device keeps. In Deno each read-back is a wait, see `SessionCounters`.
   */
  readonly step: ProgramCost & { readonly submits: number; readonly readBacks: number };
  /** One replay of each program. */
  readonly programs: readonly (ProgramCost & { readonly name: string })[];
  /** Different kernels of all programs. */
  readonly pipelines: number;
  /** What has to be bound whole: devices' limits are measured by it. */
  readonly largest: { readonly label: string; readonly bytes: number } | null;
  /** Memory beside all tensors, which dispatches of one call leave each other results in. */
  readonly scratchBytes: number;
}

/** Counts for a GPU; default: the least that WebGPU grants. Kernels are made as text, not compiled. */
export function planCost(plan: Plan, gpu: Gpu = leastGpu): PlanCost {
  const programs = plan.programs.map((program) => ({ name: program.name, ...costOf(program, gpu) }));
  const of = (name: string) => programs.filter((program) => program.name === name);
  const { training } = plan, deferred = training?.deferred === true;
  return {
    step: {
      submits: training === undefined ? 0 : deferred ? 2 : 1,
      readBacks: training === undefined ? 0 : deferred ? 1 : 1 / historyLength(training),
      ...sumOfCosts(programsOfStep(training).flatMap(of)),
    },
    programs,
    pipelines: countPipelines(plan.programs, gpu),
    largest: largestSlot(plan.programs),
    scratchBytes: scratchBytes(plan.programs, gpu),
  };
}

/** A plan with its counts, for --dry-run. `gpu` is as `planCost` takes it. */
export function withCost(plan: Plan, gpu: Gpu = leastGpu): Plan & { readonly cost: PlanCost } {
  return { ...plan, cost: planCost(plan, gpu) };
}
