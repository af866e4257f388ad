/**
 * The programs of a small net whose data set is kept on the device. A step selects its examples by index, so
 * a thousand steps need only one write, ten submits and one read.
 *
 * @module
 */
import { compile, flopsOf, type Program } from "../../../kernels/core/program.ts";
import { evalGraph, inspectGraph, predictGraph, stepGraph } from "./device_graphs.ts";
import { type DevicePlanOptions, stepsPerChunk } from "./device_options.ts";
import { exampleCount, targetsPerExample } from "./examples.ts";

/**
 * Returns the programs `step`, `eval` and `predict`, and `inspect` if `options.inspection` is set. Throws
 * RangeError for sizes that are not whole numbers above 0.
 */
export function devicePrograms(options: DevicePlanOptions): readonly Program[] {
  const { batch, examples } = options;
  const sizes = {
    batch,
    chunk: stepsPerChunk(options),
    examples: exampleCount(examples),
    "targets per example": targetsPerExample(examples),
  };
  for (const [name, size] of Object.entries(sizes)) {
    if (Number.isInteger(size) && size >= 1) continue;
    throw new RangeError(`Cannot train with ${name} ${size}: wanted a whole number above 0`);
  }
  return [
    compile("step", stepGraph(options)),
    compile("eval", evalGraph(options)),
    compile("predict", predictGraph(options)),
    ...(options.inspection ? [compile("inspect", inspectGraph(options))] : []),
  ];
}

/** Floating-point operations per op below which threads take longer to synchronize than they save. */
const FLOPS_FOR_THREADS = 150_000;

/**
 * Returns the options of `openCpu` with the fastest number of threads: one if the step's ops take less time
 * than threads need to synchronize, otherwise the engine's default.
 */
export function threadsFor(options: DevicePlanOptions): { readonly threads?: 1 } {
  const step = compile("step", stepGraph(options));
  return flopsOf(step) / step.calls.length < FLOPS_FOR_THREADS ? { threads: 1 } : {};
}
