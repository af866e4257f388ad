/**
 * Tests training runs against the losses, norms and gradients that PyTorch, llm.c and nanoGPT computed.
 *
 * @module
 */
import { ok } from "node:assert/strict";
import { readLlmcModel } from "../../../stages/format/model/llmc_model.ts";
import { openModel } from "../../../stages/model/model_session.ts";
import { schedule } from "../../../kernels/optim/schedule.ts";
import { sharedTest } from "../../shared_data.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { consecutive, normOf, planOf } from "./golden_plan.ts";
import { weightFree, weightFreeBatch, weightFreeModel } from "./golden_runs.ts";

function near(actual: number, wanted: number, options: { within: number; what: string }): void {
  const { within, what } = options;
  ok(Math.abs(actual - wanted) <= within, `${what}: ${actual}, wanted ${wanted} within ${within}`);
}

/**
 * Registers tests that repeat the golden runs on an engine: the run whose weights are given by formulas,
 * llm.c's run and nanoGPT's run. `steps` limits the two long runs; default: all of their 20 updates.
 */
export function goldenTests(name: string, options: GoldenOptions): void {
  weightFreeTest(name, options);
  programTests(name, options);
}

/** The engine to test, and the number of updates of the long runs. */
export interface GoldenOptions {
  readonly open: () => Promise<Engine>;
  readonly steps?: number;
}

/** Registers the test on the run whose weights are given by formulas, which needs no file. */
export function weightFreeTest(name: string, { open }: Pick<GoldenOptions, "open">): void {
  Deno.test(`ModelSession on ${name} trains the weight-free model to PyTorch's losses`, async () => {
    const batch = weightFreeBatch();
    const loaded = await weightFreeModel();
    const plan = planOf(loaded, { shape: batch.shape, beta2: 0.95, weightDecay: 0.1, clip: 1 });
    await using model = await openModel(await open(), { plan, weights: loaded.weights });

    const logits = await model.logits(batch.inputs.slice(0, 1));
    weightFree.logits.forEach((x, i) => near(logits[i], x, { within: 1e-5, what: `logit ${i}` }));
    const gradients = await model.gradients(batch);
    weightFree.wteGradient.forEach((x, i) =>
      near(gradients["wte.weight"].data[i], x, { within: 1e-6, what: `gradient ${i}` })
    );
    for (let step = 0; step < 10; step++) {
      const { loss, gradNorm } = await model.step(batch, { learningRate: weightFree.learningRate, step });
      near(loss, weightFree.losses[step], { within: 1e-5, what: `loss of step ${step}` });
      near(gradNorm, weightFree.norms[step], { within: 1e-4, what: `norm of step ${step}` });
    }
    const losses = await model.losses(batch.inputs, batch.targets);
    const mean = losses.reduce((a, b) => a + b) / losses.length;
    near(mean, weightFree.losses[10], { within: 1e-5, what: "loss after 10 steps" });
  });
}

function programTests(name: string, { open, steps: limit = Infinity }: GoldenOptions): void {
  const golden = ["golden/gpt.bin", "golden/tokens.bin"];
  sharedTest(
    `ModelSession on ${name} prints llm.c's losses`,
    [...golden, "golden/llmc.txt"],
    async (path) => {
      const text = await Deno.readTextFile(path("golden/llmc.txt"));
      const wanted = [...text.matchAll(/^step \d+ loss ([\d.]+)/gm)].map((m) => Number(m[1]));
      const loaded = await readLlmcModel(path("golden/gpt.bin"));
      const batchAt = consecutive(await tokensOf(path("golden/tokens.bin")), [1, 4, 64]);
      const plan = planOf(loaded, { shape: [1, 4, 64], beta2: 0.999, weightDecay: 0, clip: 0 });
      await using model = await openModel(await open(), { plan, weights: loaded.weights });
      for (let step = 0; step < Math.min(limit, wanted.length); step++) {
        const { loss } = await model.step(batchAt(step), { learningRate: 1e-3, step });
        near(loss, wanted[step], { within: 2e-4, what: `loss of step ${step}` });
      }
    },
  );

  sharedTest(
    `ModelSession on ${name} repeats nanoGPT's run: losses, norms, each tensor's first gradient`,
    [...golden, "golden/nanogpt.json"],
    async (path) => {
      const wanted = JSON.parse(await Deno.readTextFile(path("golden/nanogpt.json")));
      const { hyper } = wanted;
      const shape = [hyper.accum, hyper.B, hyper.T] as const;
      const loaded = await readLlmcModel(path("golden/gpt.bin"));
      const batchAt = consecutive(await tokensOf(path("golden/tokens.bin")), shape);
      const plan = planOf(loaded, { shape, beta2: hyper.b2, weightDecay: hyper.wd, clip: hyper.clip });
      await using model = await openModel(await open(), { plan, weights: loaded.weights });

      const gradients = await model.gradients(batchAt(0));
      for (const [tensor, norm] of Object.entries<number>(wanted.gradnorm0)) {
        const own = normOf(gradients[tensor.replace("transformer.", "")]);
        near(own, norm, { within: 1e-3 * norm, what: `gradient of ${tensor}` });
      }
      const rate = schedule({
        kind: "cosine",
        lr: hyper.lr,
        minLr: hyper.min_lr,
        warmup: hyper.warmup,
        steps: hyper.steps,
      });
      const steps = Math.min(limit, wanted.steps.length);
      for (let step = 0; step < steps; step++) {
        const { loss, gradNorm, lr } = wanted.steps[step];
        const own = await model.step(batchAt(step), { learningRate: rate(step), step });
        near(rate(step), lr, { within: 0, what: `rate of step ${step}` });
        near(own.loss, loss, { within: 2e-4, what: `loss of step ${step}` });
        near(own.gradNorm, gradNorm, { within: 1e-3 * gradNorm, what: `norm of step ${step}` });
      }
      if (steps < wanted.steps.length) return;
      const weights = await model.weights();
      for (const [tensor, norm] of Object.entries<number>(wanted.paramNorms)) {
        const own = normOf(weights[tensor.replace("transformer.", "")]);
        near(own, norm, { within: 1e-4 * norm, what: `${tensor} after the last step` });
      }
    },
  );
}

/** Returns the tokens of an llm.c shard: a header of 256 int32, then uint16 tokens. */
export async function tokensOf(path: string): Promise<Uint16Array> {
  return new Uint16Array((await Deno.readFile(path)).buffer, 1024);
}
