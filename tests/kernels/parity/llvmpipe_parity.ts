/**
 * The program that a test runs on llvmpipe, Mesa's Vulkan driver in software: the driver is chosen when a
 * process starts. Prints a line of JSON.
 *
 * @module
 */
import { openWebgpu } from "../../../kernels/engine/webgpu/webgpu_engine.ts";
import { ops } from "../../../kernels/ops/list.ts";
import { compareTrials, familyOf, layoutTrials } from "../../../kernels/parity/matmul_trials.ts";
import { compareNan } from "../../../kernels/parity/nan.ts";
import { compareFarFromZero, compareOps } from "../../../kernels/parity/parity.ts";
import { smallCases } from "../../../kernels/parity/run_cases.ts";

/** What the program prints. */
export interface LlvmpipeParity {
  /** The adapter. */
  readonly device: string;
  /** Whether products of 16-bit floats use WGSL's type f16. */
  readonly nativeHalf: boolean;
  /** Number of op cases, and of variants of 16-bit products. */
  readonly cases: number;
  readonly variants: number;
  /** A message for each wrong result. */
  readonly messages: readonly string[];
}

if (import.meta.main) {
  const engine = await openWebgpu(), half = layoutTrials().filter((trial) => familyOf(trial) === "half");
  const { gpu } = await engine.open([], {}); // the process ends soon
  const result: LlvmpipeParity = {
    device: engine.device,
    nativeHalf: gpu.features.has("shader-f16"),
    cases: smallCases(ops).length,
    variants: half.length,
    messages: [
      ...(await compareOps(engine, ops)).values(),
      ...[...(await compareTrials(half)).values()].map(({ messages }) => messages),
      await compareFarFromZero(engine),
      await compareNan(engine, ops),
    ].flat(),
  };
  console.log(JSON.stringify(result));
}
