/**
 * From options to training: the model, its programs, and the group of stages from token shards to a trained model,
 * which `train` and `fineweb-gpt2` share.
 *
 * @module
 */
import type { Engine } from "../../kernels/engine/engine.ts";
import { gpt } from "../../kernels/models/gpt.ts";
import { type GptConfig, gptOptions } from "../../kernels/models/gpt_options.ts";
import { selectOptions, withDefaults, withoutDefaults } from "../../kernels/models/model_options.ts";
import { adamw } from "../../kernels/optim/adamw.ts";
import { muon } from "../../kernels/optim/muon.ts";
import type { Optimizer } from "../../kernels/optim/optimizer.ts";
import { type Schedule, schedule } from "../../kernels/optim/schedule.ts";
import { sgd } from "../../kernels/optim/sgd.ts";
import type { Flow } from "../../stages/flow/flow.ts";
import type { TokenShard } from "../../stages/items.ts";
import { batch } from "../../stages/shard/batch.ts";
import { windows } from "../../stages/shard/windows.ts";
import type { Tokenizer } from "../../stages/token/tokenizer.ts";
import { evaluate, type EvaluateOptions } from "../../stages/evaluate/evaluate.ts";
import { sample } from "../../stages/sample/sample.ts";
import { inspect } from "../../stages/inspect/inspect.ts";
import { type Plan, plan } from "../../stages/model/plan.ts";
import type { ModelUpdate } from "../../stages/model/model_update.ts";
import { train } from "../../stages/train/train.ts";
import { type DivergenceOptions, needsDeferredUpdates } from "../../stages/train/divergence.ts";
import { hellaswagStage, usesHellaswag } from "./hellaswag.ts";
import { modelOptions } from "./options/model_options.ts";
import { monitoringOptions } from "./options/monitoring_options.ts";
import { trainingOptions } from "./options/training_options.ts";
import { checkCheckpointSpace } from "./checkpoint_space.ts";
import type { Env, Values } from "../cli/pipeline.ts";
import { writeProfile } from "./profile.ts";
import { checkPrompt } from "./prompt.ts";
import type { StartingWeights } from "./starting_weights.ts";

const options = { ...modelOptions, ...trainingOptions, ...monitoringOptions };

/** The values that training needs. */
export type TrainingValues = Values<typeof options>;

/** A vocabulary, what training begins with, and what the device can hold. */
export interface PlanInputs {
  readonly vocabSize: number;
  /** See `PlanOptions`: for a run `env.largestPack()`. */
  readonly packBytes?: number;
  /** Absent: GPT-2's initial values, drawn from the seed. */
  readonly start?: StartingWeights | null;
}

/** [A, B, T] of a step. Throws RangeError where --total-batch-tokens is not a multiple of a micro-batch. */
export function batchShape(o: TrainingValues): readonly [accum: number, batch: number, seqLen: number] {
  const micro = o.batchSize * o.seqLen;
  if (o.totalBatchTokens === null) return [o.gradAccum ?? 1, o.batchSize, o.seqLen];
  if (o.gradAccum !== null) {
    throw new RangeError(`Cannot use both --grad-accum and --total-batch-tokens: give one of them`);
  }
  if (o.totalBatchTokens % micro !== 0) {
    throw new RangeError(
      `Cannot make ${o.totalBatchTokens} tokens a step of micro-batches of ${micro} (${o.batchSize} sequences of ` +
        `${o.seqLen}): give --total-batch-tokens a multiple of ${micro}`,
    );
  }
  return [o.totalBatchTokens / micro, o.batchSize, o.seqLen];
}

/**
 * The model and its programs: what --dry-run prints and `train` runs. Throws RangeError or ShapeError for sizes that
 * cannot be, and for tokens beyond the vocabulary of the weights to begin with.
 */
export function trainingPlan(o: TrainingValues, { vocabSize, packBytes, start = null }: PlanInputs): Plan {
  const shape = batchShape(o);
  if (start !== null && vocabSize > start.config.vocabSize) {
    throw new RangeError(
      `Cannot begin from ${o.initFrom}: its vocabulary has ${start.config.vocabSize} tokens, the data's ${vocabSize}: ` +
        `use the tokenizer that the model was trained with`,
    );
  }
  const model = gpt(modelConfig(o, { vocabSize, start }));
  return plan({
    model,
    training: {
      optimizer: optimizerOf(o),
      shape,
      clip: o.gradClip,
      gradientScale: o.dtype === "f16" ? halfScale(shape) : 1,
      recompute: o.recompute,
      deferred: needsDeferredUpdates(watchOf(o)),
      history: Math.min(o.logEvery, MOST_HISTORY),
      inspection: o.inspectEvery > 0,
    },
    evaluation: { batch: o.batchSize, seqLen: o.seqLen },
    sampling: true,
    ...(usesHellaswag(o) && { scoring: { tokens: o.batchSize * o.seqLen } }),
    ...(packBytes !== undefined && { packBytes }),
  });
}

/** The model that training starts from decides every option that changes its outputs; the command line the others. */
function modelConfig(
  o: TrainingValues,
  { vocabSize, start }: { readonly vocabSize: number; readonly start: StartingWeights | null },
): GptConfig {
  const typed = { ...o, vocabSize };
  if (start === null) return withoutDefaults(gptOptions, typed);
  const loaded = withDefaults(gptOptions, start.config);
  const decided = selectOptions(gptOptions, loaded, ({ affects = "output" }) => affects === "output");
  const tie = o.tie && loaded.tie; // a tied head can start a separate one, but not the reverse
  return withoutDefaults(gptOptions, { ...typed, ...decided, tie });
}

/** What counts as wrong with an update, and what is done about it. */
function watchOf({ onNan, skipSpikeZ, onSpike }: TrainingValues): DivergenceOptions {
  return { onNan, spikeZ: skipSpikeZ, onSpike };
}

/** The update rule of the options. Throws RangeError for constants that make no sense. */
export function optimizerOf(o: TrainingValues): Optimizer {
  const { optimizer, beta1, beta2, eps, weightDecay, momentum, muonLr, lr } = o;
  const given = momentum === null ? {} : { momentum };
  switch (optimizer) {
    case "adamw":
      return adamw({ beta1, beta2, eps, weightDecay });
    case "sgd":
      return sgd({ weightDecay, ...given });
    case "muon":
      if (lr === 0) {
        throw new RangeError("Cannot use --optimizer muon with --lr 0: its rate is a multiple of it");
      }
      return muon({ beta1, beta2, eps, weightDecay, rate: (muonLr ?? MUON_LR) / lr, ...given });
  }
}

const MUON_LR = 0.02; // Jordan et al. 2024

/**
 * How much larger gradients are made for products in f16. A step's loss is a mean, so those of one token's outputs are at
 * most 1 / tokens; f16 has 11 bits down to 6e-5 and nothing below 6e-8. So they are made 16 to 32 at most: a thousandfold
 * of room below 65504, for gradients that grow on their way back, and one of 5e6 below their largest. A power of two: it
 * takes no bits away.
 */
function halfScale(shape: readonly number[]): number {
  return 16 * 2 ** Math.ceil(Math.log2(shape.reduce((a, b) => a * b)));
}

const MOST_HISTORY = 16; // updates: what is on the screen must not be older

const ADDRESSABLE = 2 ** 32; // bytes, by the CPU engine's 32-bit WASM

/**
 * Throws RangeError where a plan takes more memory than the CPU engine can address: before initial weights are drawn
 * for a model that cannot be.
 */
export function checkMemory({ memory, training }: Plan, { name }: Pick<Engine, "name">): void {
  const bytes = Object.values(memory).reduce((sum, n) => sum + n, 0);
  if (name !== "cpu" || bytes <= ADDRESSABLE) return;
  const mb = (n: number) => `${Math.ceil(n / 1e6)} MB`;
  const head = `Cannot train this model on the CPU engine: it takes ${mb(bytes)}, of which ${
    mb(memory.activation)
  } are activations, and ${mb(ADDRESSABLE)} can be addressed`;
  throw new RangeError(
    bytes - memory.activation > ADDRESSABLE
      ? `${head}: use a smaller model, or a GPU with --device webgpu`
      : `${head}: use a smaller --batch-size or --seq-len${
        training?.recompute === "block" ? "" : ", --recompute block"
      } or a smaller model`,
  );
}

/** How long to train: updates, or null for as long as there are tokens (or time). */
export function stepsOf(o: TrainingValues): number | null {
  if (o.steps !== null) return o.steps;
  const [accum, batchSize, seqLen] = batchShape(o);
  return o.tokens === null ? null : Math.ceil(o.tokens / (accum * batchSize * seqLen));
}

/** Learning rate by update. Throws RangeError where the schedule's length is not known. */
export function scheduleOf(o: TrainingValues, known: number | null = null): Schedule {
  const steps = o.scheduleSteps ?? stepsOf(o) ?? known;
  if (steps === null && o.schedule !== "constant") {
    throw new RangeError(
      `Cannot tell how long the ${o.schedule} schedule is: give --steps, --tokens, --schedule-steps or --schedule constant`,
    );
  }
  return schedule({
    kind: o.schedule,
    lr: o.lr,
    minLr: o.minLr ?? o.lr / 10,
    warmup: Math.min(o.warmup, (steps ?? Infinity) - 1),
    steps: steps ?? Number.MAX_SAFE_INTEGER,
  });
}

/** What the group takes beside the options. */
export interface TrainingParts {
  readonly env: Env;
  readonly plan: Plan;
  readonly schedule: Schedule;
  readonly start?: StartingWeights | null;
  /** For samples; null: none are made. */
  readonly tokenizer: Tokenizer | null;
  /** How the validation loss is measured; null: it is not. */
  readonly validation: Omit<EvaluateOptions, "every" | "batches"> | null;
}

/** Token shards → windows → batches → updates → validation → samples. */
export async function training(
  o: TrainingValues,
  parts: TrainingParts,
): Promise<(flow: Flow<TokenShard>) => Flow<ModelUpdate>> {
  const { env, plan, schedule, start = null, tokenizer, validation } = parts;
  const [gradAccum, batchSize, seqLen] = batchShape(o);
  const steps = stepsOf(o);
  // Without a length of its own the run ends with the tokens.
  const epochs = o.epochs ?? (steps === null && o.timeLimit === null ? 1 : null);
  const engine = await env.engine();
  checkMemory(plan, engine);
  await checkCheckpointSpace(env, { plan, keep: o.keepCheckpoints });
  const { vocabSize } = plan.model;
  if (tokenizer !== null && o.sampleEvery > 0) {
    checkPrompt({ prompt: o.samplePrompt, option: "--sample-prompt", tokenizer, vocabSize });
  }
  const rounds = await hellaswagStage(o, tokenizer);
  const sized = { batchSize, gradAccum, seqLen };
  const trainer = train({
    engine,
    plan,
    schedule,
    checkpointEvery: o.checkpointEvery,
    divergence: watchOf(o),
    skippedBatches: env.skippedBatches,
    ...(steps !== null && { steps }),
    ...(o.timeLimit !== null && { timeLimit: o.timeLimit }),
    ...(start !== null && { weights: start.weights }),
    ...(o.profile && { profile: writeProfile(env, `${engine.name}: ${engine.device}`) }),
  });
  return (flow) => {
    let trained = flow
      .pipe(windows({ seqLen, vocabSize, shuffle: o.shuffle, ...(epochs !== null && { epochs }) }))
      .pipe(batch(sized))
      .pipe(trainer, { ahead: 2 });
    if (validation !== null) {
      trained = trained.pipe(evaluate({ ...validation, every: o.evalEvery, batches: o.evalBatches }));
    }
    if (o.inspectEvery > 0) {
      const label = (id: number) => tokenizer?.decode([id]) ?? String(id);
      trained = trained.pipe(inspect({ every: o.inspectEvery, embedding: { name: "wte.weight", label } }));
    }
    if (rounds !== null) trained = trained.pipe(rounds);
    if (tokenizer !== null) {
      trained = trained.pipe(sample({
        tokenizer,
        every: o.sampleEvery,
        prompt: o.samplePrompt,
        maxTokens: SAMPLE_TOKENS,
        temperature: 0.8,
        topK: 50,
      }));
    }
    return trained;
  };
}

const SAMPLE_TOKENS = 96; // a few lines: enough to see words and phrases
