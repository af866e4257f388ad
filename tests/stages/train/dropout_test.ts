/**
 * Tests training with dropout: masks depend on micro-batch, seed and step, and are the same on all engines.
 *
 * @module
 */
import {
  deepStrictEqual,
  notDeepStrictEqual,
  notStrictEqual,
  ok,
  rejects,
  strictEqual,
} from "node:assert/strict";
import { countPipelines } from "../../../kernels/core/cost.ts";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { openReference } from "../../../kernels/engine/reference.ts";
import { openWebgpu } from "../../../kernels/engine/webgpu/webgpu_engine.ts";
import { gpt } from "../../../kernels/models/gpt.ts";
import { initialWeights } from "../../../kernels/models/model.ts";
import { adamw } from "../../../kernels/optim/adamw.ts";
import type { Batch } from "../../../stages/items.ts";
import { plan } from "../../../stages/model/plan.ts";
import { type ModelSession, openModel, type StepResult } from "../../../stages/model/model_session.ts";

const sizes = { layers: 2, heads: 2, channels: 16, seqLen: 8, vocabSize: 65, vocabPad: 1 };
const tokens = Uint32Array.from({ length: 17 }, (_, i) => (i * i * 7 + 3 * i) % 65);

interface Options {
  readonly dropout?: number;
  readonly accum?: number;
  readonly seed?: number;
  readonly engine?: Engine;
  readonly layers?: number;
  readonly recompute?: "gelu" | "block";
  /** Whether the plan can also evaluate and sample; default true. */
  readonly others?: boolean;
}

function planned({ dropout = 0.2, accum = 1, layers = 2, others = true, recompute }: Options = {}) {
  return plan({
    model: gpt({ ...sizes, layers, dropout }),
    training: { optimizer: adamw(), shape: [accum, 2, 8], clip: 1, ...(recompute && { recompute }) },
    ...(others && { evaluation: { batch: 2, seqLen: 8 }, sampling: true }),
  });
}

async function open(options: Options = {}): Promise<ModelSession> {
  const { engine = await openCpu({ threads: 2 }), seed } = options;
  const plan = planned(options);
  return await openModel(engine, {
    plan,
    weights: initialWeights(plan.model, 3),
    ...(seed !== undefined && { seed }),
  });
}

/** Returns the same two sequences in each micro-batch. */
function batchOf(accum: number): Batch {
  const repeat = (part: Uint32Array) => Uint32Array.from(Array<number[]>(accum).fill([...part]).flat());
  return { inputs: repeat(tokens.slice(0, 16)), targets: repeat(tokens.slice(1)), shape: [accum, 2, 8] };
}

async function steps(
  options: Options,
  { learningRate, from = 0, to }: { learningRate: number; from?: number; to: number },
): Promise<readonly StepResult[]> {
  const batch = batchOf(options.accum ?? 1), results: StepResult[] = [];
  await using session = await open(options);
  for (let step = from; step < to; step++) results.push(await session.step(batch, { learningRate, step }));
  return results;
}

Deno.test("each micro-batch of a run has masks of its own, by its number in the run", async () => {
  const still = { learningRate: 0, to: 6 };
  const single = (await steps({}, still)).map(({ loss }) => loss);
  strictEqual(new Set(single).size, 6);
  const pairs = await steps({ accum: 2 }, { ...still, to: 3 });
  pairs.forEach(({ loss }, i) => {
    const wanted = (single[2 * i] + single[2 * i + 1]) / 2;
    ok(Math.abs(loss - wanted) < 1e-6, `step ${i}: ${loss}, wanted ${wanted}`);
  });
});

Deno.test("masks are a function of seed and step, so that a run can resume at any step", async () => {
  const still = { learningRate: 0, to: 4 };
  const all = await steps({ seed: 7, accum: 2 }, still);
  deepStrictEqual(await steps({ seed: 7, accum: 2 }, { ...still, from: 2 }), all.slice(2));
  notDeepStrictEqual(await steps({ seed: 8, accum: 2 }, still), all);
  await rejects(open({ seed: 2 ** 32 }), RangeError);
  await using _withoutDropout = await open({ dropout: 0, seed: 2 ** 32 }); // uses no random numbers
});

Deno.test("evaluation and sampling do not use dropout", async () => {
  await using dropping = await open();
  await using plain = await open({ dropout: 0 });
  const { inputs, targets } = batchOf(1), now = { learningRate: 0, step: 0 };
  const losses = await dropping.losses(inputs, targets);
  deepStrictEqual(losses, await plain.losses(inputs, targets));
  deepStrictEqual(await dropping.logits(inputs), await plain.logits(inputs));
  const [dropped, whole] = [await dropping.step(batchOf(1), now), await plain.step(batchOf(1), now)];
  notStrictEqual(dropped.loss, whole.loss);
  ok(Math.abs(whole.loss - losses.reduce((a, b) => a + b) / 16) < 1e-6);
});

Deno.test("training with dropout gives the same losses on all engines", async () => {
  const run = async (engine: Engine) =>
    await steps({ engine, layers: 1, accum: 2, others: false }, { learningRate: 3e-3, to: 4 });
  const truth = await run(openReference());
  for (const engine of [await openCpu({ threads: 2 }), await openWebgpu()]) {
    (await run(engine)).forEach(({ loss, gradNorm }, i) => {
      const where = `${engine.name}, step ${i}`;
      ok(Math.abs(loss - truth[i].loss) < 1e-4, `${where}: loss ${loss}, wanted ${truth[i].loss}`);
      ok(Math.abs(gradNorm - truth[i].gradNorm) < 1e-3, `${where}: norm ${gradNorm}, ${truth[i].gradNorm}`);
    });
  }
});

Deno.test("training with dropout gives the same bits with any number of threads", async () => {
  const run = async (threads: number) =>
    await steps({ engine: await openCpu({ threads }) }, { learningRate: 3e-3, to: 3 });
  deepStrictEqual(await run(3), await run(1));
});

Deno.test("recomputed activations have the same dropout masks as in the forward pass", async () => {
  const now = { learningRate: 3e-3, to: 4 }, kept = await steps({ accum: 2 }, now);
  for (const recompute of ["gelu", "block"] as const) {
    deepStrictEqual(await steps({ accum: 2, recompute }, now), kept, recompute);
  }
});

Deno.test("gradients with dropout match finite differences of the loss with the same masks", async () => {
  const plan = planned(), weights = initialWeights(plan.model, 3);
  await using session = await open({ engine: openReference() });
  const gradients = await session.gradients(batchOf(1));
  const norm = Math.hypot(...Object.values(gradients).map(({ data }) => Math.hypot(...data)));
  /** Returns the loss after moving the weights along the gradient. */
  const lossAt = async (distance: number) => {
    const moved = Object.entries(weights).map(([name, { shape, data }]) => {
      const along = Float32Array.from(data, (x, i) => x + distance * gradients[name].data[i] / norm);
      return [name, { shape, data: along }];
    });
    const options = { plan, weights: Object.fromEntries(moved) };
    await using other = await openModel(openReference(), options);
    return (await other.step(batchOf(1), { learningRate: 0, step: 0 })).loss;
  };
  const slope = (await lossAt(0.002) - await lossAt(-0.002)) / 0.004;
  // Losses are near 4 and in float32, so their errors are about 5e-7; the distance is 0.004 and the norm
  // about 2.
  ok(Math.abs(slope - norm) < 1e-3 * norm, `${slope}, the gradient's norm is ${norm}`);
});

Deno.test("all dropouts share their kernels, so more layers need no more pipelines", () => {
  const pipelines = (options: Options) => countPipelines(planned(options).programs);
  strictEqual(pipelines({ layers: 4 }), pipelines({ layers: 2 }));
});
