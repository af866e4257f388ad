/**
 * Estimates the time of a plan's programs on a machine that is not there, from the work of each call and the
 * machine's speeds.
 *
 * A call takes the longer of two times, that of its FLOPs and that of its bytes, each at the share of the
 * peak that kernels of its kind reach, and each longer if the invocations are too few to keep the arithmetic
 * or the memory busy. The cost of its dispatches is added, since a dispatch waits for the one before it.
 *
 * @module
 */
import { trafficOf } from "../../kernels/core/cost.ts";
import type { Gpu } from "../../kernels/core/gpu.ts";
import type { Call } from "../../kernels/core/graph.ts";
import { callKey } from "../../kernels/core/op.ts";
import { dispatchesOf } from "../../kernels/core/wgsl.ts";
import {
  classOf,
  type Efficiency,
  isProduct,
  type MachineProfile,
} from "../../kernels/engine/machine_profile.ts";
import { submitLimits } from "../../kernels/engine/webgpu/submit_pace.ts";
import type { Plan } from "./plan.ts";
import { historyLength, programsOfStep } from "./training_plan.ts";

/** Groups of calls in the order of the table. */
export const workGroups = [
  "block products",
  "head",
  "attention",
  "attention grad",
  "norms",
  "loss",
  "update",
  "rest",
] as const;

/** A group of calls. */
export type WorkGroup = typeof workGroups[number];

/** The parts of a time, in seconds, by what they are spent on. */
export interface TimeParts {
  /** Arithmetic of calls that are bound by it. */
  readonly flops: number;
  /** Memory traffic of calls that are bound by it. */
  readonly memory: number;
  /** Additional time of dispatches that are too small to keep the GPU busy. */
  readonly smallGrid: number;
  /** Cost of dispatches. */
  readonly launches: number;
}

/** The work of some calls, and their time on a machine. */
export interface WorkTime {
  readonly flops: number;
  /** Bytes read and written. */
  readonly bytes: number;
  readonly dispatches: number;
  readonly parts: TimeParts;
  /** Seconds whose rates were measured on the machine. */
  readonly measured: number;
}

/** Times of a plan on a machine. */
export interface PlanTime {
  /** One update by group; empty without training. Groups without calls are left out. */
  readonly groups: ReadonlyMap<WorkGroup, WorkTime>;
  /** Seconds in which the host submits work and waits for reads, per update. */
  readonly hostSeconds: number;
  /** One run of each program. */
  readonly programs: ReadonlyMap<string, WorkTime>;
}

/** Seconds from a load to its data: usual for memory of GPUs. */
const LATENCY = 6e-7;
/** Bytes that an invocation is waiting for: four vectors of four floats. */
const BYTES_IN_FLIGHT = 64;

const nothing: WorkTime = {
  flops: 0,
  bytes: 0,
  dispatches: 0,
  parts: { flops: 0, memory: 0, smallGrid: 0, launches: 0 },
  measured: 0,
};

/** Returns the seconds of all parts together. */
export function secondsOf({ parts }: WorkTime): number {
  return Object.values(parts).reduce((sum, seconds) => sum + seconds, 0);
}

/** Returns the sum of several times. */
export function sumOfTimes(times: Iterable<WorkTime>): WorkTime {
  return [...times].reduce((a, b) => added(a, b), nothing);
}

/**
 * Estimates the times of a plan on a machine, whose kernels are generated for `gpu`. Nothing is run.
 */
export function timeOfPlan(
  plan: Plan,
  { machine, gpu }: { readonly machine: MachineProfile; readonly gpu: Gpu },
): PlanTime {
  const known = new Map<string, WorkTime>(), { training } = plan;
  const timeOf = (call: Call): WorkTime => {
    const key = callKey(call), time = known.get(key) ?? callTime(call, { machine, gpu });
    known.set(key, time);
    return time;
  };
  const head = headLabels(plan), groups = new Map<WorkGroup, WorkTime>();
  const programs = new Map(
    plan.programs.map(({ name, calls }) => [name, sumOfTimes(calls.map(timeOf))]),
  );
  const runs = Map.groupBy(programsOfStep(training), (name) => name);
  for (const { name, calls } of plan.programs) {
    const count = runs.get(name)?.length ?? 0;
    if (count === 0) continue;
    for (const call of calls) {
      const group = name === "micro" ? groupOf(call, head) : "update";
      groups.set(group, added(groups.get(group) ?? nothing, repeated(timeOf(call), count)));
    }
  }
  const step = sumOfTimes(groups.values()), { submitMicroseconds, readMilliseconds } = machine.floors;
  const reads = training === undefined ? 0 : training.deferred === true ? 1 : 1 / historyLength(training);
  const submits = Math.max(step.dispatches / submitLimits.dispatches, secondsOf(step) / submitLimits.seconds);
  return {
    groups: new Map(
      workGroups.filter((group) => groups.has(group)).map((group) => [group, groups.get(group)!]),
    ),
    hostSeconds: submits * submitMicroseconds.value / 1e6 + reads * readMilliseconds.value / 1e3,
    programs,
  };
}

/** Estimates the time of one call. */
export function callTime(
  call: Call,
  { machine, gpu }: { readonly machine: MachineProfile; readonly gpu: Gpu },
): WorkTime {
  const { peak, floors, invocations } = machine;
  const dispatches = dispatchesOf(call.op.wgsl(call, gpu)), { read, written } = trafficOf(call);
  const flops = call.op.flops?.(call) ?? 0;
  const bytes = read + written + dispatches.reduce((sum, { scratchBytes = 0 }) => sum + 2 * scratchBytes, 0);
  const rates = ratesOf(call.op.name, machine);
  const computing = flops / (1e9 * peak.gflops.value * rates.flops.value);
  const moving = bytes / (1e9 * peak.gigabytes.value * rates.memory.value);
  const launched = Math.max(
    ...dispatches.map(({ workgroups, code }) =>
      workgroups.reduce((product, n) => product * n, workgroupSize(code))
    ),
  );
  const launches = dispatches.length * floors.dispatchMicroseconds.value / 1e6;
  const needed = { flops: invocations.value, memory: 1e9 * peak.gigabytes.value * LATENCY / BYTES_IN_FLIGHT };
  const slow = {
    flops: computing * Math.max(1, needed.flops / launched),
    memory: moving * Math.max(1, needed.memory / launched),
  };
  const isComputing = slow.flops >= slow.memory, full = isComputing ? computing : moving;
  const smallGrid = Math.max(slow.flops, slow.memory) - full;
  const rate = isComputing ? rates.flops : rates.memory;
  return {
    flops,
    bytes,
    dispatches: dispatches.length,
    parts: { flops: isComputing ? full : 0, memory: isComputing ? 0 : full, smallGrid, launches },
    measured: rate.source.startsWith("doctor") ? full + smallGrid + launches : 0,
  };
}

/** Returns the shares of both peaks that an op's kernels reach. */
function ratesOf(
  op: string,
  { ofOps, efficiencies }: MachineProfile,
): Readonly<Record<Efficiency["of"], Efficiency>> {
  const own = ofOps.get(op);
  const flops = own?.of === "flops" ? own : efficiencies[classOf(op)];
  return { flops, memory: own?.of === "memory" ? own : efficiencies.memory };
}

function groupOf({ op: { name }, inputs }: Call, head: ReadonlySet<string>): WorkGroup {
  if (isProduct(name)) return inputs.some(({ label }) => head.has(label)) ? "head" : "block products";
  if (/attention/.test(name)) return classOf(name) === "attentionGrad" ? "attention grad" : "attention";
  if (/_norm/.test(name)) return "norms";
  return /^cross_entropy/.test(name) ? "loss" : "rest";
}

/** Returns the labels of the output head's weight and of its gradient. */
function headLabels({ model: { tables }, parameters }: Plan): ReadonlySet<string> {
  if (tables === undefined) return new Set();
  const name = parameters.has(tables.head) ? tables.head : tables.embedding;
  return new Set([name, `${name}/grad`]);
}

/** Returns the number of invocations in a workgroup of a WGSL kernel. */
function workgroupSize(code: string): number {
  const sizes = /@workgroup_size\(([^)]*)\)/.exec(code)?.[1] ?? "1";
  return sizes.split(",").reduce((product, n) => product * Number.parseInt(n), 1);
}

function repeated({ flops, bytes, dispatches, parts, measured }: WorkTime, count: number): WorkTime {
  return {
    flops: count * flops,
    bytes: count * bytes,
    dispatches: count * dispatches,
    parts: {
      flops: count * parts.flops,
      memory: count * parts.memory,
      smallGrid: count * parts.smallGrid,
      launches: count * parts.launches,
    },
    measured: count * measured,
  };
}

function added(a: WorkTime, b: WorkTime): WorkTime {
  return {
    flops: a.flops + b.flops,
    bytes: a.bytes + b.bytes,
    dispatches: a.dispatches + b.dispatches,
    parts: {
      flops: a.parts.flops + b.parts.flops,
      memory: a.parts.memory + b.parts.memory,
      smallGrid: a.parts.smallGrid + b.parts.smallGrid,
      launches: a.parts.launches + b.parts.launches,
    },
    measured: a.measured + b.measured,
  };
}
