/**
 * Whole training steps on the CPU engine; tokens a second = tokens / seconds an iteration. Weights are made once a
 * bench, so 124M takes a while to begin.
 *
 * @module
 */
import { openCpu } from "../kernels/engine/cpu.ts";
import { openTrainingStep, stepSizes } from "./training_step.ts";

for (const size of stepSizes) {
  const tokens = size.batch * size.seqLen;
  Deno.bench({
    name: `${size.name}, ${tokens} tokens`,
    group: `training step, ${size.name}`,
    baseline: true,
    n: 10,
    warmup: 0,
    fn: async (b) => {
      await using training = await openTrainingStep(await openCpu(), size);
      await training.step();
      b.start();
      await training.step();
      b.end();
    },
  });
}
