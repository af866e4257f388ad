/**
 * Whole training steps of three model sizes. The benches use them to compare engines and peers.
 *
 * @module
 */
import { uniformAt } from "../kernels/random/philox.ts";
import type { Engine } from "../kernels/engine/engine.ts";
import { largestPack } from "../kernels/engine/open.ts";
import { modelOf } from "../kernels/models/model_of.ts";
import type { GptConfig } from "../kernels/models/gpt_options.ts";
import type { LlamaConfig } from "../kernels/models/llama_options.ts";
import { initialWeights } from "../kernels/models/model.ts";
import { adamw } from "../kernels/optim/adamw.ts";
import type { Batch } from "../stages/items.ts";
import { plan } from "../stages/model/plan.ts";
import { type ModelSession, openModel } from "../stages/model/model_session.ts";

/** Sizes of a model and of its batch. */
export type StepSize = (GptConfig | LlamaConfig) & {
  /** Short name for tables. */
  readonly name: string;
  /** Number of sequences; each has `seqLen` tokens. */
  readonly batch: number;
};

/** A Llama of 10 million parameters. */
const llama10M: StepSize = {
  name: "llama-10M",
  layers: 7,
  heads: 5,
  keyHeads: 5,
  headWidth: 64,
  channels: 320,
  hidden: 864,
  seqLen: 256,
  vocabSize: 4096,
  batch: 4,
};

/**
 * nanoGPT's smallest character model, a medium-sized model, a Llama of 10 million parameters, and GPT-2 124M
 * on short sequences.
 */
export const stepSizes: readonly StepSize[] = [
  { name: "small", layers: 4, heads: 4, channels: 128, seqLen: 64, vocabSize: 65, vocabPad: 1, batch: 12 },
  { name: "middle", layers: 6, heads: 6, channels: 384, seqLen: 256, vocabSize: 8192, batch: 4 },
  llama10M,
  { name: "124M", layers: 12, heads: 12, channels: 768, seqLen: 64, vocabSize: 50257, batch: 4 },
];

/** A model that is trained on an engine. */
export interface TrainingStep extends AsyncDisposable {
  /**
   * Takes one step on a batch of random tokens: forward, backward, clipping and AdamW. Returns the loss
   * before the update.
   */
  step(): Promise<number>;
  /**
   * Takes `count` steps (at most 10) and submits each while the previous one runs. Returns the loss of the
   * last step.
   */
  steps(count: number): Promise<number>;
  /** Number of tokens per step. */
  readonly tokens: number;
  /** Number of floating-point operations per step, as planned. */
  readonly flops: number;
}

/** Returns a batch of random tokens and, for each of them, the token that follows it. */
export function stepBatch(
  { batch, seqLen, vocabSize }: StepSize,
): { inputs: Uint32Array<ArrayBuffer>; targets: Uint32Array<ArrayBuffer> } {
  const drawn = Uint32Array.from(
    { length: batch * seqLen + 1 },
    (_, i) => Math.floor(uniformAt(1, "tokens", i) * vocabSize),
  );
  return { inputs: drawn.slice(0, -1), targets: drawn.slice(1) };
}

/** Opens a model of a size on an engine. */
export async function openTrainingStep(engine: Engine, size: StepSize): Promise<TrainingStep> {
  const model = modelOf(size), { batch, seqLen } = size;
  const shape = [1, batch, seqLen] as const, tokens = batch * seqLen;
  const data: Batch = { ...stepBatch(size), shape };
  const planned = plan({
    model,
    training: { optimizer: adamw({ beta2: 0.95, weightDecay: 0.1 }), shape, clip: 1 },
    packBytes: await largestPack(engine.name),
  });
  const session: ModelSession = await openModel(engine, {
    plan: planned,
    weights: initialWeights(model, 1),
  });
  let step = 0;
  return {
    tokens,
    flops: planned.flopsPerStep,
    step: async () => (await session.step(data, { learningRate: 1e-4, step: step++ })).loss,
    async steps(count) {
      for (let i = 0; i < count; i++) session.begin(data, { learningRate: 1e-4, step: step++ });
      return (await session.results()).at(-1)!.loss;
    },
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}
