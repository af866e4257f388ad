/**
 * The plan of a model as --dry-run prints it.
 *
 * @module
 */
import type { ProgramCost } from "../../kernels/core/cost.ts";
import { leastLimits } from "../../kernels/core/gpu.ts";
import type { MemoryKind } from "../../kernels/core/tensor.ts";
import type { PlanCost } from "../../stages/model/plan_cost.ts";
import { bytes, count, time } from "../../stages/report/quantity.ts";
import type { MaxBatchSizes } from "./memory/max_batch_size.ts";

/** Facts about a model and its run that are known before the run starts. Values of 0 are not printed. */
export interface ModelPlan {
  readonly parameterCount: number;
  /** The parameters that training changes, by name. */
  readonly trained?: ReadonlyMap<string, { readonly tensor: { readonly shape: readonly number[] } }>;
  /** Number of bytes of each kind of memory. */
  readonly memory: Readonly<Partial<Record<MemoryKind, number>>>;
  /** Memory of the model that a policy is compared with, which is in a session of its own. */
  readonly referenceMemory?: Readonly<Partial<Record<MemoryKind, number>>>;
  readonly flopsPerStep?: number;
  readonly tokensPerStep?: number;
  /** Length of the run; null if the run ends when there are no more tokens. */
  readonly steps?: number | null;
  readonly cost?: PlanCost;
  readonly maxBatchSizes?: MaxBatchSizes;
  /** Lines about the largest model that fits; see `largestModelLines`. */
  readonly largestModel?: readonly string[];
  /** Lines about the machine that --machine names. */
  readonly machine?: readonly string[];
}

/**
 * Returns the lines of the plan: parameters, tokens and FLOPs per step, the run's length, its memory, the
 * largest batch sizes, and the cost on a GPU.
 */
export function planLines(plan: ModelPlan): readonly string[] {
  const { parameterCount, tokensPerStep = 0, flopsPerStep = 0, maxBatchSizes, cost, machine = [] } = plan;
  return [
    `parameters       ${parameterCount.toLocaleString("en-US")}`,
    ...trainedLines(plan),
    ...(tokensPerStep > 0 ? [`tokens per step  ${count(tokensPerStep)}`] : []),
    ...(flopsPerStep > 0 ? [`FLOPs per step   ${count(flopsPerStep)}`] : []),
    ...lengthLines(plan),
    ...memoryLines(plan),
    ...(maxBatchSizes === undefined ? [] : maxBatchSizeLines(maxBatchSizes)),
    ...plan.largestModel ?? [],
    ...(cost === undefined ? [] : costLines(cost)),
    ...machine,
  ];
}

/** Says how many parameters are trained, if not all are: those of adapters. */
function trainedLines({ parameterCount, trained = new Map() }: ModelPlan): string[] {
  let count = 0;
  for (const { tensor: { shape } } of trained.values()) count += shape.reduce((a, b) => a * b, 1);
  return count === 0 || count >= parameterCount ? [] : [`  trained        ${count.toLocaleString("en-US")}`];
}

/**
 * Returns the total tokens and FLOPs of a run, and its duration at several speeds, because its speed is not
 * known yet.
 */
function lengthLines({ steps = null, tokensPerStep = 0, flopsPerStep = 0 }: ModelPlan): string[] {
  if (steps === null) return [];
  const tokens = steps * tokensPerStep;
  const times = [1e3, 1e4, 1e5, 1e6].map((rate) => `${time(tokens / rate)} at ${count(rate)} tokens/s`);
  return [
    `all ${count(steps)} steps`,
    `  tokens         ${count(tokens)}`,
    `  FLOPs          ${(steps * flopsPerStep).toExponential(2)}`,
    `  time           ${times.slice(0, 2).join(", ")},`,
    `                 ${times.slice(2).join(", ")}`,
  ];
}

function memoryLines({ memory, referenceMemory: reference = {} }: ModelPlan): string[] {
  const sum = (of: typeof memory) => Object.values(of).reduce((all, size) => all + size, 0);
  const kinds = [...Object.entries(memory), ["reference", sum(reference)] as const]
    .filter(([, size]) => size > 0);
  if (kinds.length === 0) return [];
  return [
    `memory           ${bytes(sum(memory) + sum(reference))}`,
    ...kinds.map(([kind, size]) => `  ${kind.padEnd(15)}${bytes(size)}`),
  ];
}

/**
 * Returns a table with a column for each amount of memory and a row for each mode of --recompute. "-" means
 * that not even one sequence fits.
 */
export function maxBatchSizeLines({ budgets, rows }: MaxBatchSizes): string[] {
  const row = (name: string, cells: readonly string[]) =>
    `  ${name.padEnd(15)}${cells.map((cell) => cell.padStart(8)).join("")}`;
  return [
    "largest --batch-size (a power of two) by memory",
    row("--recompute", budgets.map((budget) => `${budget / 2 ** 30} GiB`)),
    ...rows.map(({ recompute, batchSizes }) => row(recompute, batchSizes.map((n) => n?.toString() ?? "-"))),
  ];
}

/** Returns the work of a GPU in one step, then in one run of each program. */
function costLines({ step, programs, pipelines, largest }: PlanCost): string[] {
  const least = leastLimits.maxStorageBufferBindingSize;
  const row = (name: string, { dispatches, read, written }: ProgramCost) =>
    `  ${name.padEnd(15)}${count(dispatches).padStart(10)}${bytes(read).padStart(12)}${
      bytes(written).padStart(12)
    }`;
  return [
    "on a GPU",
    ...(step.submits > 0 ? [`  submits        at least ${step.submits} per step, of about 50 ms each`] : []),
    `  read-backs     ${step.readBacks > 0 ? `1 per ${Math.round(1 / step.readBacks)} steps` : "none"}`,
    `  pipelines      ${pipelines}`,
    ...(largest === null ? [] : [
      `  largest tensor ${bytes(largest.bytes)}: ${largest.label}: ${
        largest.bytes <= least ? "every GPU can bind it" : `some GPUs bind no more than ${bytes(least)}`
      }`,
    ]),
    `  ${"".padEnd(15)}${"dispatches".padStart(10)}${"read".padStart(12)}${"written".padStart(12)}`,
    ...(step.submits > 0 ? [row("step", step)] : []),
    ...programs.map((program) => row(program.name, program)),
  ];
}
