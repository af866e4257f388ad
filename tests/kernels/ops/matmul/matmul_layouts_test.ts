/**
 * Every kernel of the matmul family that multiplies in 32 bits, in all layouts, at even and ragged sizes.
 *
 * @module
 */
import { checkTrials, kindOf, layoutTrials } from "./matmul_trials.ts";

const exact = layoutTrials().filter((trial) => kindOf(trial) !== "half");

Deno.test("every 32-bit variant of matmul on webgpu gives the reference in every layout, and the same bits again", (t) =>
  checkTrials(t, exact));
