/**
 * Tests each family of matmul kernels with one trial per layout of the left operand; `deno task test:gpu`
 * tests all variants.
 *
 * @module
 */
import { familyOf, layoutTrials } from "../../../../kernels/parity/matmul_trials.ts";
import { trialSteps } from "../../parity/parity_steps.ts";

const layouts = Map.groupBy(layoutTrials(), (trial) => `${familyOf(trial)} ${trial.case.attrs.transposeA}`);
const chosen = [...layouts.values()].map(([first]) => first);

Deno.test("a variant of each family of matmul on webgpu gives the reference, and the same bits again", (t) =>
  trialSteps(t, chosen));
