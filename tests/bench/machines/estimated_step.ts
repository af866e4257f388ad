/**
 * The step that a doctor's report measured, as `--dry-run --machine` estimates it from the same report.
 *
 * @module
 */
import { gpuOf, type MachineProfile } from "../../../kernels/engine/machine_profile.ts";
import { gpt } from "../../../kernels/models/gpt.ts";
import { adamw } from "../../../kernels/optim/adamw.ts";
import { plan } from "../../../stages/model/plan.ts";
import { secondsOf, sumOfTimes, timeOfPlan } from "../../../stages/model/step_time.ts";

/**
 * Returns the estimated milliseconds of a step of the model that the doctor names. Throws TypeError for
 * another text.
 */
export function estimatedStep(model: string, machine: MachineProfile): number {
  const sizes = /^(\d+) layers, (\d+) heads, (\d+) channels, (\d+) x (\d+) tokens of (\d+)$/.exec(model);
  if (sizes === null) throw new TypeError(`Cannot plan ${model}`);
  const [layers, heads, channels, batch, seqLen, vocabSize] = sizes.slice(1).map(Number);
  const planned = plan({
    model: gpt({ layers, heads, channels, seqLen, vocabSize, vocabPad: 128 }),
    training: { optimizer: adamw(), shape: [1, batch, seqLen], clip: 1, history: 1 },
  });
  const { groups, hostSeconds } = timeOfPlan(planned, { machine, gpu: gpuOf(machine) });
  return 1000 * (secondsOf(sumOfTimes(groups.values())) + hostSeconds);
}
