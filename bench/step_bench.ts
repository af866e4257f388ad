/**
 * Benches whole training steps on every engine. The name of a bench contains the number of tokens of one
 * iteration: divide it by the measured seconds to get tokens per second. The first step, in which the system
 * allocates the memory, is not timed. The 124M model starts slowly, since its random weights are generated
 * first. On a GPU an iteration consists of several steps: a read-back takes 10 ms in Deno, so training also
 * reads several losses at once.
 *
 * @module
 */
import { benchEngines, openOnce } from "./engines.ts";
import { benchPeers } from "./peer_benches.ts";
import { compareStep } from "./peers/kernels/step.ts";
import { openTrainingStep, stepSizes } from "./training_step.ts";

for (const size of stepSizes) {
  for (const [name, open] of Object.entries(benchEngines)) {
    const steps = name.startsWith("webgpu") ? 10 : 1;
    const opened = openOnce(async () => {
      const training = await openTrainingStep(await open(), size);
      await training.step();
      return training;
    });
    Deno.bench({
      name: `${name}, ${steps * size.batch * size.seqLen} tokens`,
      group: `training step, ${size.name}`,
      baseline: name === "wasm",
      n: 5,
      warmup: 0,
      fn: async (b) => {
        const training = await opened();
        b.start();
        await training.steps(steps);
        b.end();
      },
    });
  }
  benchPeers(compareStep(size), {
    repeats: (device) => device === "webgpu" ? 10 : 1,
    iterations: { n: 5, warmup: 0 },
    // At 124M the old and new weights and moments together exceed WASM's 4 GiB.
    ...(size.name === "124M" && { without: "wasm" }),
  });
}
