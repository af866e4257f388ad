/**
 * Reads a report of `deno task doctor --json FILE` as a machine: its peaks and floors are the measured ones,
 * and so are the shares of the peaks that the ops of its training step reached.
 *
 * @module
 */
import {
  type Efficiency,
  type EfficiencyClass,
  efficiencyClasses,
  type MachineProfile,
  type Quantity,
} from "../../../kernels/engine/machine_profile.ts";
import type { Fields } from "./fields.ts";
import { knownFeatures, limitsIn } from "./specification.ts";

/** Shares that a machine is expected to reach where the report has none. */
const unmeasured: Readonly<Record<EfficiencyClass, number>> = {
  products: 0.5,
  attention: 0.35,
  attentionGrad: 0.3,
  memory: 0.8,
};
/** Clock of GPUs in gigahertz, to guess from its FLOPs how many invocations a GPU needs. */
const clock = 1.8;
/** See `MachineProfile.band`; for the part of a time whose rates the report does not have. */
const band = 0.4;

interface MeasuredCall {
  readonly op: string;
  readonly seconds: number;
  readonly gflop: number;
  readonly gigabytes: number;
}

/** Reads a report. Throws UsageError for a missing or wrong field. */
export function doctorMachine(report: Fields): MachineProfile {
  report.number("format", { min: 1, max: 1, whole: true });
  const [machine, floors, peak] = ["machine", "floors", "peak"].map((name) => report.object(name));
  const source = `doctor: ${report.text("date")}`;
  const measured = (of: Fields, name: string, min?: number): Quantity => ({
    value: of.number(name, min === undefined ? {} : { min }),
    source,
  });
  const gflops = measured(peak, "gflops"), gigabytes = measured(peak, "gigabytes");
  const calls = report.object("step").objects("calls").map((call): MeasuredCall => {
    const seconds = call.number("milliseconds") * call.number("count", { min: 1, whole: true }) / 1000;
    return {
      op: call.text("call").split(" ")[0],
      seconds,
      gflop: seconds * call.number("gflops", { min: 0 }),
      gigabytes: seconds * call.number("gigabytes", { min: 0 }),
    };
  });
  const ofOps = new Map(
    [...Map.groupBy(calls, ({ op }) => op)].map(([op, same]) => [
      op,
      reached(same, { gflops: gflops.value, gigabytes: gigabytes.value, source }),
    ]),
  );
  const share = (name: EfficiencyClass): Efficiency => ({
    of: efficiencyClasses[name],
    value: unmeasured[name],
    source: "estimate: not among the calls of the doctor's step",
  });
  return {
    name: machine.text("adapter"),
    measured: true,
    software: machine.flag("software"),
    limits: limitsIn(machine.object("limits")),
    features: knownFeatures(machine.texts("features")),
    memory: null,
    peak: { gflops, gigabytes },
    floors: {
      dispatchMicroseconds: measured(floors, "dispatchMicroseconds", 0),
      submitMicroseconds: measured(floors, "submitMicroseconds", 0),
      readMilliseconds: measured(floors, "readMilliseconds", 0),
    },
    invocations: {
      value: Math.max(1, gflops.value / clock), // two FLOPs per lane and cycle, two invocations per lane
      source: `estimate: two for each lane of a GPU of ${clock} GHz with the measured peak`,
    },
    efficiencies: {
      products: share("products"),
      attention: share("attention"),
      attentionGrad: share("attentionGrad"),
      memory: share("memory"),
    },
    ofOps: new Map([...ofOps].filter(([, { value }]) => value > 0)),
    band,
  };
}

/** Returns the larger of the shares of both peaks that the calls of an op reached. */
function reached(
  calls: readonly MeasuredCall[],
  { gflops, gigabytes, source }: {
    readonly gflops: number;
    readonly gigabytes: number;
    readonly source: string;
  },
): Efficiency {
  const total = (of: "seconds" | "gflop" | "gigabytes") => calls.reduce((sum, call) => sum + call[of], 0);
  const flops = total("gflop") / total("seconds") / gflops;
  const memory = total("gigabytes") / total("seconds") / gigabytes;
  return flops >= memory ? { of: "flops", value: flops, source } : { of: "memory", value: memory, source };
}
