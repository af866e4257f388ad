/**
 * Tests products of operands that are rounded to 16-bit floats, in all layouts, at sizes that are multiples
 * of 4 and sizes that are not.
 *
 * @module
 */
import { familyOf, layoutTrials } from "../../../../kernels/parity/matmul_trials.ts";
import { trialSteps } from "../../parity/parity_steps.ts";

const half = layoutTrials().filter((trial) => familyOf(trial) === "half");

Deno.test("every 16-bit variant of matmul on webgpu gives the reference of rounded operands, and the same bits again", (t) =>
  trialSteps(t, half));
