/**
 * Reads a report of `deno task doctor --json FILE` as a machine: its peaks and floors are the measured ones,
 * and so are the shares of the peaks that the ops of its training step reached.
 *
 * @module
 */
import {
  classOf,
  type Efficiency,
  type EfficiencyClass,
  efficiencyClasses,
  isProduct,
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
/**
 * A call says how fast its kernel is if it takes longer than this many launches at the peak. The time of a
 * smaller one is that of launches.
 */
const LAUNCHES = 5;
/** See `MachineProfile.band`; for the part of a time whose rates the report does not have. */
const band = 0.4;

interface MeasuredCall {
  readonly op: string;
  readonly count: number;
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
    const count = call.number("count", { min: 1, max: 1e6, whole: true });
    const seconds = call.number("milliseconds") * count / 1000;
    return {
      count,
      op: call.text("call").split(" ")[0],
      seconds,
      gflop: seconds * call.number("gflops", { min: 0 }),
      gigabytes: seconds * call.number("gigabytes", { min: 0 }),
    };
  });
  const launch = measured(floors, "dispatchMicroseconds", 0);
  const peaks = { gflops: gflops.value, gigabytes: gigabytes.value, source };
  const large = calls.filter(({ gflop, gigabytes, count }) => {
    const ideal = Math.max(gflop / peaks.gflops, gigabytes / peaks.gigabytes) / count;
    return ideal > 0 && ideal >= LAUNCHES * launch.value / 1e6;
  });
  const ofOps = new Map(
    [...Map.groupBy(large, ({ op }) => op)].map(([op, same]) => [op, reached(same, peaks)]),
  );
  const share = (name: EfficiencyClass): Efficiency => {
    const of = efficiencyClasses[name],
      same = large.filter(({ op }) => {
        if (ofOps.get(op)?.of !== of) return false;
        return name === "memory" || classOf(op) === name && (name !== "products" || isProduct(op));
      });
    if (same.length > 0) return reached(same, peaks);
    return {
      of,
      value: unmeasured[name],
      source: "estimate: no large call of the doctor's step is of this class",
    };
  };
  return {
    name: machine.text("adapter"),
    measured: true,
    software: machine.flag("software"),
    limits: limitsIn(machine.object("limits")),
    features: knownFeatures(machine.texts("features")),
    memory: null,
    peak: { gflops, gigabytes },
    floors: {
      dispatchMicroseconds: launch,
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
    ofOps,
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
