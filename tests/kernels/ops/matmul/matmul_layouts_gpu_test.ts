/**
 * Tests every matmul kernel that multiplies in 32 bits, in all layouts, at sizes that are multiples of 4 and
 * sizes that are not.
 *
 * @module
 */
import { familyOf, layoutTrials } from "../../../../kernels/parity/matmul_trials.ts";
import { trialSteps } from "../../parity/parity_steps.ts";

const exact = layoutTrials().filter((trial) => familyOf(trial) !== "half");

Deno.test("every 32-bit variant of matmul on webgpu gives the reference in every layout, and the same bits again", (t) =>
  trialSteps(t, exact));
