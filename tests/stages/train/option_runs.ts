/**
 * Short training runs with various options of the model and the optimizer, compared with float64.
 *
 * @module
 */
import { ok } from "node:assert/strict";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { openReference } from "../../../kernels/engine/reference.ts";
import { gpt } from "../../../kernels/models/gpt.ts";
import type { GptConfig } from "../../../kernels/models/gpt_options.ts";
import { initialWeights, type Recompute } from "../../../kernels/models/model.ts";
import { adamw } from "../../../kernels/optim/adamw.ts";
import { muon } from "../../../kernels/optim/muon.ts";
import type { Optimizer } from "../../../kernels/optim/optimizer.ts";
import { sgd } from "../../../kernels/optim/sgd.ts";
import { openModel } from "../../../stages/model/model_session.ts";
import { plan } from "../../../stages/model/plan.ts";
import type { Batch } from "../../../stages/items.ts";

/** Sizes of the smallest model. */
export const sizes = { layers: 2, heads: 2, channels: 16, seqLen: 8, vocabSize: 30, vocabPad: 32 };

interface Variant {
  readonly config?: Partial<GptConfig>;
  readonly optimizer: Optimizer;
  readonly learningRate: number;
  readonly shape?: Batch["shape"];
  readonly recompute?: Recompute;
  readonly masked?: boolean;
}

/** Returns the losses, norms and weights of three updates. */
async function trained(engine: Engine, variant: Variant) {
  const { config = {}, optimizer, learningRate, shape = [1, 4, 8], recompute = "none", masked = false } =
    variant;
  const model = gpt({ ...sizes, ...config });
  const planned = plan({ model, training: { optimizer, shape, clip: 1, recompute } });
  await using session = await openModel(engine, { plan: planned, weights: initialWeights(model, 5) });
  const ids = Uint32Array.from({ length: 33 }, (_, i) => (i * i * 7 + 3 * i) % 30);
  // Sequences with different numbers of targets, so that a mean of means differs from the mean.
  const mask = Float32Array.from({ length: 32 }, (_, i) => i % 8 <= 2 * Math.floor(i / 8) ? 1 : 0);
  const batch = { inputs: ids.slice(0, 32), targets: ids.slice(1), shape, ...(masked && { mask }) };
  const results = [];
  for (let step = 0; step < 3; step++) results.push(await session.step(batch, { learningRate, step }));
  return { results, weights: await session.weights() };
}

type TrainingRun = Awaited<ReturnType<typeof trained>>;

function near(found: TrainingRun, wanted: TrainingRun, where: string): void {
  found.results.forEach(({ loss, gradNorm }, i) => {
    const { loss: l, gradNorm: g } = wanted.results[i];
    ok(
      Math.abs(loss - l) < 1e-5 && Math.abs(gradNorm - g) < 1e-4 * g,
      `${where}: ${loss} ${gradNorm}, wanted ${l} ${g}`,
    );
  });
  for (const [name, { data }] of Object.entries(found.weights)) {
    const other = wanted.weights[name].data;
    data.forEach((x, i) =>
      ok(Math.abs(x - other[i]) < 1e-4, `${where}: ${name} is ${x}, wanted ${other[i]}`)
    );
  }
}

const variants: Readonly<Record<string, Variant>> = {
  "GELU by erf, no biases, an untied head, another norm epsilon, Muon": {
    config: { gelu: "erf", bias: false, tie: false, normEps: 0.01 },
    optimizer: muon({ rate: 2 }),
    learningRate: 0.01,
    masked: true,
  },
  "GELU by erf, recomputed, with biases, SGD": {
    config: { gelu: "erf" },
    optimizer: sgd({ weightDecay: 0.1 }),
    learningRate: 0.1,
    recompute: "gelu",
  },
  "no biases, recomputed blocks, AdamW": {
    config: { bias: false },
    optimizer: adamw(),
    learningRate: 0.001,
    recompute: "block",
  },
};

/** Registers tests that runs with each set of options are the same on an engine as in float64. */
export function optionTests(name: string, open: () => Promise<Engine>): void {
  for (const [what, variant] of Object.entries(variants)) {
    Deno.test(`training with ${what} is the same on ${name} as in float64`, async () => {
      const wanted = await trained(openReference(), variant);
      ok(wanted.results[2].loss < wanted.results[0].loss, `${wanted.results.map(({ loss }) => loss)}`);
      near(await trained(await open(), variant), wanted, name);
    });
  }

  Deno.test(`micro-batches with uneven masks make the same update as the whole batch, on ${name}`, async () => {
    const variant = {
      optimizer: sgd({ momentum: 0 }),
      learningRate: 0.1,
      masked: true,
      config: { layers: 1 },
    };
    const engine = await open();
    const whole = await trained(engine, { ...variant, shape: [1, 4, 8] });
    near(await trained(engine, { ...variant, shape: [4, 1, 8] }), whole, `${name}, four of one`);
  });
}
