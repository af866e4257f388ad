/**
 * Training runs of the doctor: five steps of models with known losses, and the rates of a larger step.
 *
 * @module
 */
import { trafficOf } from "../../kernels/core/cost.ts";
import { callKey } from "../../kernels/core/op.ts";
import type { Program } from "../../kernels/core/program.ts";
import type { Engine } from "../../kernels/engine/engine.ts";
import { gpt } from "../../kernels/models/gpt.ts";
import type { GptConfig } from "../../kernels/models/gpt_options.ts";
import { initialWeights } from "../../kernels/models/model.ts";
import { adamw } from "../../kernels/optim/adamw.ts";
import { uniformAt } from "../../kernels/random/philox.ts";
import { openModel } from "../../stages/model/model_session.ts";
import { plan } from "../../stages/model/plan.ts";
import type { DoctorReport, OpRate, StepRates } from "./report.ts";

/** A model, its batch and learning rate, and the losses of five steps of its training. */
export interface KnownModel {
  readonly config: GptConfig;
  readonly batch: number;
  readonly learningRate: number;
  readonly wanted: readonly number[];
}

/** Two models, and the losses of their training in float64. */
export const knownModels: readonly KnownModel[] = [
  {
    batch: 2,
    learningRate: 1e-2,
    config: { layers: 2, heads: 2, channels: 64, seqLen: 32, vocabSize: 256 },
    wanted: [5.56671, 5.553623, 5.186287, 4.971661, 5.051495],
  },
  {
    batch: 2,
    learningRate: 1e-2,
    config: { layers: 1, heads: 3, channels: 33, seqLen: 19, vocabSize: 101 },
    wanted: [4.599881, 4.621679, 4.111992, 4.150314, 3.739222],
  },
];

/** GPT-2 124M's configuration. */
export const gpt2Config: GptConfig = {
  layers: 12,
  heads: 12,
  channels: 768,
  seqLen: 1024,
  vocabSize: 50257,
  vocabPad: 128,
};

/** GPT-2 124M, and the losses of its training on the CPU engine with OpenBLAS, in float32. */
export const knownGpt2: KnownModel = {
  config: gpt2Config,
  batch: 1,
  learningRate: 3e-4,
  wanted: [10.982081, 10.966289, 10.78073, 10.284335, 10.078465],
};

const nameOf = ({ layers, heads, channels, seqLen, vocabSize }: GptConfig, batch: number) =>
  `${layers} layers, ${heads} heads, ${channels} channels, ${batch} x ${seqLen} tokens of ${vocabSize}`;

/** Opens a model for training, and returns it with a function that trains one step. */
async function opened(engine: Engine, config: GptConfig, batch: number) {
  const model = gpt(config), { seqLen, vocabSize } = config, shape = [1, batch, seqLen] as const;
  const planned = plan({ model, training: { optimizer: adamw(), shape, clip: 1 } });
  const session = await openModel(engine, { plan: planned, weights: initialWeights(model, 1) });
  const batchAt = (step: number) => {
    const count = batch * seqLen;
    const tokens = Uint32Array.from(
      { length: count + 1 },
      (_, i) => Math.floor(vocabSize * uniformAt(1, `tokens ${step}`, i)),
    );
    return { inputs: tokens.slice(0, count), targets: tokens.slice(1), shape };
  };
  return { planned, session, batchAt };
}

/** Trains models for five steps each; those that do not fit into the GPU's memory are left out. */
export async function trainKnown(
  engine: Engine,
  models: readonly KnownModel[] = knownModels,
): Promise<DoctorReport["training"]> {
  const found: DoctorReport["training"][number][] = [];
  for (const { config, batch, learningRate, wanted } of models) {
    const model = await opened(engine, config, batch).catch((error) => {
      if (error instanceof RangeError) return null;
      throw error;
    });
    if (model === null) continue;
    const { session, batchAt } = model;
    await using _ = session;
    const losses: number[] = [];
    for (let step = 0; step < 5; step++) {
      losses.push((await session.step(batchAt(step % 2), { learningRate, step })).loss);
    }
    found.push({ model: nameOf(config, batch), losses, wanted });
  }
  return found;
}

/** A model and a batch whose step is measured. */
export interface MeasuredModel {
  readonly config: GptConfig;
  readonly batch: number;
}

/**
 * Measures a step of the first of several models that fits into the GPU's memory, and how fast its `most`
 * slowest calls run. Throws RangeError if none fits.
 */
export async function measureStep(
  engine: Engine,
  { models, most }: { readonly models: readonly MeasuredModel[]; readonly most: number },
): Promise<{ readonly rates: StepRates; readonly programs: readonly Program[] }> {
  for (const [i, model] of models.entries()) {
    try {
      return await measureModel(engine, model, most);
    } catch (error) {
      if (!(error instanceof RangeError) || i === models.length - 1) throw error;
    }
  }
  throw new RangeError("Cannot measure a step of no model");
}

async function measureModel(
  engine: Engine,
  { config, batch }: MeasuredModel,
  most: number,
): Promise<{ readonly rates: StepRates; readonly programs: readonly Program[] }> {
  const { planned, session, batchAt } = await opened(engine, config, batch);
  await using _ = session;
  const step = (step: number) => session.step(batchAt(step), { learningRate: 1e-4, step });
  await step(0); // learns the GPU's rate, see SubmitPace
  const start = performance.now();
  await step(1);
  const milliseconds = performance.now() - start;
  session.begin(batchAt(2), { learningRate: 1e-4, step: 2, timed: true });
  await session.results();
  const timings = await session.timings() ?? [];
  const programs = new Map(planned.programs.map((program) => [program.name, program]));
  const timed = timings.map(({ program, call, duration }) => ({
    duration,
    call: programs.get(program)!.calls[call],
  }));
  const rates = [...Map.groupBy(timed, ({ call }) => callKey(call)).values()].map((same): OpRate => {
    const [{ call }] = same,
      seconds = same.reduce((sum, { duration }) => sum + duration, 0) / same.length / 1000;
    const { read, written } = trafficOf(call);
    return {
      call: `${call.op.name} ${call.inputs.map(({ shape }) => `[${shape}]`).join(" ")}`,
      count: same.length,
      milliseconds: 1000 * seconds,
      gflops: (call.op.flops?.(call) ?? 0) / seconds / 1e9,
      gigabytes: (read + written) / seconds / 1e9,
    };
  });
  const calls = rates.filter(({ milliseconds }) => milliseconds > 0)
    .sort((a, b) => b.count * b.milliseconds - a.count * a.milliseconds).slice(0, most);
  const tokens = batch * config.seqLen, tokensPerSecond = 1000 * tokens / milliseconds;
  return {
    rates: { model: nameOf(config, batch), milliseconds, tokensPerSecond, calls },
    programs: planned.programs,
  };
}
