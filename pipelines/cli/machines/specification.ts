/**
 * Machine files that are written by hand: published peaks, and estimates of what kernels reach of them.
 *
 * @module
 */
import {
  type Efficiency,
  type EfficiencyClass,
  efficiencyClasses,
  type GpuFeature,
  type GpuLimits,
  leastLimits,
  type MachineProfile,
  type Quantity,
} from "../../../kernels/engine/machine_profile.ts";
import { UsageError } from "../../../stages/run/usage_error.ts";
import { Fields, type NumberBounds } from "./fields.ts";

const fields = ["kind", "format", "name", "limits", "features", "memory", "peak", "floors", "invocations"]
  .concat("efficiency", "band");
const features: readonly string[] = ["shader-f16", "subgroups"] satisfies GpuFeature[];
const sources = /^(published|doctor|estimate): \S/;

/**
 * Reads a specification. Throws UsageError for an unknown, missing or wrong field, and for a number without a
 * source.
 */
export function specification(document: Fields, file: string): MachineProfile {
  document.only(fields);
  document.number("format", { min: 1, max: 1, whole: true });
  const quantity = (of: Fields, name: string, bounds: NumberBounds = {}): Quantity => {
    const object = of.object(name);
    object.only(["value", "source"]);
    const source = object.text("source");
    if (sources.test(source)) return { value: object.number("value", bounds), source };
    throw new UsageError(
      `Cannot use ${file}: the source of ${name} is ${
        JSON.stringify(source)
      }: expected a text that begins with "published: ", "doctor: " or "estimate: "`,
    );
  };
  const [peak, floors, efficiency] = ["peak", "floors", "efficiency"].map((name) => document.object(name));
  peak.only(["gflops", "gigabytes"]);
  floors.only(["dispatchMicroseconds", "submitMicroseconds", "readMilliseconds"]);
  efficiency.only(Object.keys(efficiencyClasses));
  const share = (name: EfficiencyClass): Efficiency => ({
    of: efficiencyClasses[name],
    ...quantity(efficiency, name, { max: 1 }),
  });
  return {
    name: document.text("name"),
    measured: false,
    software: false,
    limits: limitsIn(document.object("limits")),
    features: featuresIn(document.texts("features"), file),
    memory: document.has("memory") ? quantity(document, "memory") : null,
    peak: { gflops: quantity(peak, "gflops"), gigabytes: quantity(peak, "gigabytes") },
    floors: {
      dispatchMicroseconds: quantity(floors, "dispatchMicroseconds", { min: 0, max: 1e9 }),
      submitMicroseconds: quantity(floors, "submitMicroseconds", { min: 0, max: 1e9 }),
      readMilliseconds: quantity(floors, "readMilliseconds", { min: 0, max: 1e6 }),
    },
    invocations: quantity(document, "invocations", { min: 1 }),
    efficiencies: {
      products: share("products"),
      attention: share("attention"),
      attentionGrad: share("attentionGrad"),
      memory: share("memory"),
    },
    ofOps: new Map(),
    band: document.number("band", { min: 0, max: 10 }),
  };
}

/** Reads limits of a device, each at least WebGPU's default. */
export function limitsIn(limits: Fields): Partial<GpuLimits> {
  const known = Object.entries(leastLimits).filter(([name]) => limits.has(name));
  return Object.fromEntries(
    known.map(([name, least]) => [name, limits.number(name, { min: least, max: 2 ** 64, whole: true })]),
  );
}

function featuresIn(names: readonly string[], file: string): ReadonlySet<GpuFeature> {
  const unknown = names.find((name) => !features.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`Cannot use ${file}: unknown feature ${unknown}: expected ${features.join(", ")}`);
  }
  return knownFeatures(names);
}

/** Returns the features that kernels can use. */
export function knownFeatures(names: readonly string[]): ReadonlySet<GpuFeature> {
  return new Set((["shader-f16", "subgroups"] as const).filter((name) => names.includes(name)));
}
