/**
 * The estimated time of a plan on the machine that --machine names, as --dry-run prints it.
 *
 * @module
 */
import { type Gpu, leastGpu } from "../../kernels/core/gpu.ts";
import { gpuOf, type MachineProfile, type Quantity } from "../../kernels/engine/machine_profile.ts";
import type { Plan } from "../../stages/model/plan.ts";
import {
  type PlanTime,
  secondsOf,
  sumOfTimes,
  timeOfPlan,
  type TimeParts,
  type WorkTime,
} from "../../stages/model/step_time.ts";
import { bytes, count, share, time } from "../../stages/report/quantity.ts";
import type { Env } from "../cli/pipeline.ts";

/** Relative error to expect where the rates were measured: other shapes run at other rates. */
const MEASURED_BAND = 0.2;
/** Smallest part of a group's time that is printed as a cause of it. */
const SMALLEST_CAUSE = 0.1;

const causes: Readonly<Record<keyof TimeParts, string>> = {
  flops: "FLOPs",
  memory: "memory",
  smallGrid: "small grid",
  launches: "launches",
};

/** Returns the GPU whose kernels a plan is counted with: that of --machine, or the weakest one. */
export function plannedGpu({ machine }: Pick<Env, "machine">, { half = false } = {}): Gpu {
  return { ...(machine === null ? leastGpu : gpuOf(machine.profile)), half };
}

/**
 * Returns the lines about the machine that --machine names, none without the option: the time of each group
 * of ops and what bounds it, tokens per second, and the time of all `steps`. On the CPU, whose speed no
 * machine file holds, it is the work of each group.
 */
export function machineLines(
  plan: Plan,
  { machine }: Pick<Env, "machine">,
  { half = false, steps = null }: { readonly half?: boolean; readonly steps?: number | null } = {},
): readonly string[] {
  if (machine === null) return [];
  const { profile, computesOnCpu } = machine, gpu = plannedGpu({ machine }, { half });
  const times = timeOfPlan(plan, { machine: profile, gpu });
  if (computesOnCpu) return workLines(times, profile);
  return [
    `on ${profile.name}${
      profile.software
        ? ", which computes in software: its speeds say nothing about a GPU"
        : profile.measured
        ? ", by the report of its doctor"
        : ": estimates, whose sources are in its machine file"
    }`,
    `  peak           ${quantity(profile.peak.gflops)} GFLOPS f32, ${quantity(profile.peak.gigabytes)} GB/s`,
    ...efficiencyLines(profile),
    ...memoryLines(plan, profile),
    ...(times.groups.size === 0 ? [] : stepLines(times, { plan, profile, steps })),
    ...programLines(times, { plan, profile }),
  ];
}

function quantity({ value, source }: Quantity): string {
  return `${figure(value)} (${source.split(":")[0]})`;
}

function efficiencyLines({ efficiencies, ofOps }: MachineProfile): string[] {
  const { products, attention, attentionGrad, memory } = efficiencies;
  const of = (text: string, { value, source }: Quantity) =>
    `${text} ${share(value)} (${source.split(":")[0]})`;
  return [
    `  reached        ${of("products", products)}, ${of("attention", attention)},`,
    `                 ${of("its gradient", attentionGrad)}, ${of("memory", memory)}`,
    ...[...ofOps].map(([op, rate]) => `                 ${of(`${op}: of ${causes[rate.of]}`, rate)}`),
  ];
}

function memoryLines({ memory: planned }: Plan, { memory }: MachineProfile): string[] {
  if (memory === null) return [];
  const needed = Object.values(planned).reduce((sum, size) => sum + size, 0);
  return [
    `  memory         ${bytes(memory.value)}: ${
      needed <= memory.value ? `the plan fits` : `too little for the plan's ${bytes(needed)}`
    }`,
  ];
}

function stepLines(
  { groups, hostSeconds }: PlanTime,
  { plan: { tokensPerStep }, profile, steps }: {
    readonly plan: Plan;
    readonly profile: MachineProfile;
    readonly steps: number | null;
  },
): string[] {
  const step = sumOfTimes(groups.values()), seconds = secondsOf(step) + hostSeconds;
  const row = (name: string, cells: readonly string[], cause = "") =>
    `  ${name.padEnd(15)}${cells.map((cell) => cell.padStart(11)).join("")}${
      cause === "" ? "" : `  ${cause}`
    }`;
  const cells = (time: WorkTime, part: number) => [
    milliseconds(part),
    share(part / seconds),
    count(time.flops / 1e9),
    (time.bytes / 1e9).toFixed(1),
    count(time.dispatches),
  ];
  const band = 1 + (step.measured * MEASURED_BAND + (seconds - step.measured) * profile.band) / seconds;
  const rate = tokensPerStep / seconds;
  return [
    row("", ["ms", "share", "GFLOP", "GB", "dispatches"], "bound by"),
    ...[...groups].map(([name, time]) => row(name, cells(time, secondsOf(time)), causesOf(time))),
    row(
      "host",
      [milliseconds(hostSeconds), share(hostSeconds / seconds)].concat("", "", ""),
      "submits and reads",
    ),
    row("step", cells(step, seconds)),
    `  tokens/s       ${figure(rate)}, from ${figure(rate / band)} to ${figure(rate * band)}`,
    ...(steps === null ? [] : [
      `  all ${count(steps)} steps ${time(steps * seconds)}, from ${time(steps * seconds / band)} to ${
        time(steps * seconds * band)
      }; evaluations and samples in addition`,
    ]),
  ];
}

/** Returns what a time is spent on, the largest part first: "FLOPs 90 %, launches 10 %". */
function causesOf(work: WorkTime): string {
  const seconds = secondsOf(work), names = ["flops", "memory", "smallGrid", "launches"] as const;
  if (seconds === 0) return "";
  const parts = names.map((name) => ({ name: causes[name], part: work.parts[name] / seconds }));
  return parts.filter(({ part }) => part >= SMALLEST_CAUSE).sort((a, b) => b.part - a.part)
    .map(({ name, part }) => `${name} ${share(part)}`).join(", ");
}

/** Returns the time of one run of each program that is not part of an update. */
function programLines(
  { programs }: PlanTime,
  { plan: { training }, profile: { floors: { readMilliseconds } } }: {
    readonly plan: Plan;
    readonly profile: MachineProfile;
  },
): string[] {
  const others = [...programs].filter(([name]) =>
    training === undefined || !/^(micro|update|measure|commit|discard|inspect)$/.test(name)
  );
  if (others.length === 0) return [];
  return [
    `  one run, without the read of its result (${readMilliseconds.value.toFixed(1)} ms):`,
    ...others.map(([name, work]) =>
      `  ${name.padEnd(15)}${milliseconds(secondsOf(work)).padStart(11)} ms  ${causesOf(work)}`
    ),
  ];
}

/** Returns the work of each group, for a device whose speed is not known. */
function workLines({ groups }: PlanTime, { name }: MachineProfile): string[] {
  const step = sumOfTimes(groups.values());
  const row = (group: string, cells: readonly string[]) =>
    `  ${group.padEnd(15)}${cells.map((cell) => cell.padStart(11)).join("")}`;
  return [
    `by op: a machine file holds the speed of a GPU, and --device cpu computes on the CPU: leave --device out`,
    `for the times on ${name}`,
    row("", ["GFLOP", "share", "GB"]),
    ...[...groups].map(([group, { flops, bytes }]) =>
      row(group, [count(flops / 1e9), share(flops / step.flops), (bytes / 1e9).toFixed(1)])
    ),
  ];
}

/** Returns a number with at least two digits. */
function figure(value: number): string {
  return value < 100 ? value.toPrecision(2) : count(value);
}

function milliseconds(seconds: number): string {
  const value = 1000 * seconds;
  const digits = value < 1 ? 3 : value < 100 ? 1 : 0;
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
