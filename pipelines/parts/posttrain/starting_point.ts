/**
 * The model that post-training starts from, with its tokenizer and chat template; or a new model for the
 * little world.
 *
 * @module
 */
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import type { QuantizedWeights } from "../../../kernels/core/scope.ts";
import { withLora } from "../../../kernels/models/lora.ts";
import { isAdapter } from "../../../kernels/models/lora_config.ts";
import type { Model } from "../../../kernels/models/model.ts";
import type { ModelConfig } from "../../../kernels/models/model_config.ts";
import { modelOf } from "../../../kernels/models/model_of.ts";
import { chooseTemplate } from "../../../stages/chat/template/choose.ts";
import { nanochatTokens } from "../../../stages/chat/template/nanochat.ts";
import type { ChatTemplate } from "../../../stages/chat/template/template.ts";
import { readText } from "../../../stages/disk/files.ts";
import type { Batch } from "../../../stages/items.ts";
import { type Plan, plan } from "../../../stages/model/plan.ts";
import { worldCharacters } from "../../../stages/task/verified/little_world.ts";
import { CharTokenizer } from "../../../stages/token/char.ts";
import { readChatTemplate } from "../../../stages/token/files/role_files.ts";
import { Vocabulary } from "../../../stages/token/vocabulary.ts";
import { loadTokenizer } from "../../../stages/token/load_tokenizer.ts";
import type { Tokenizer } from "../../../stages/token/tokenizer.ts";
import { needsDeferredUpdates } from "../../../stages/train/divergence.ts";
import type { TrainedAdapters, TrainOptions } from "../../../stages/train/train_state.ts";
import type { Env, Values } from "../../cli/pipeline.ts";
import { loraOf, withNewAdapters } from "../model/new_adapters.ts";
import { keptTokenizer } from "../resume/kept_tokenizer.ts";
import { runTokenizer } from "../run_files.ts";
import { runModelConfig, type StartingWeights, startingWeights } from "../starting_weights.ts";
import { divergenceOf, optimizerOf } from "../training_plan.ts";
import type { chatOptions } from "./chat_options.ts";

/** Values of the options of post-training. */
export type ChatValues = Values<typeof chatOptions>;

/** What post-training starts from. */
export interface StartingPoint {
  /** The model, with adapters if there are any. */
  readonly model: Model<ModelConfig>;
  /** Its weights; undefined: initial values. */
  readonly weights: TensorMap | undefined;
  /** Layouts of weights that are quantised. */
  readonly quantized: QuantizedWeights;
  readonly tokenizer: Tokenizer;
  readonly template: ChatTemplate;
  /** The adapters that are trained, if not all weights are. */
  readonly adapters: TrainedAdapters | null;
  /** Whether the model is new, and learns the little world. */
  readonly isNew: boolean;
  /** Number of tokens in a sequence. */
  readonly seqLen: number;
}

/** The model of the little world: small enough to learn it in minutes on a CPU. */
const WORLD_MODEL = { layers: 3, heads: 3, channels: 96, seqLen: 96, vocabPad: 1 } as const;

/** Longest default sequence in tokens: longer ones take more memory than most conversations need. */
const DEFAULT_LENGTH = 512;

/**
 * Reads the model, its tokenizer and its template. Throws RangeError where they do not fit together, and the
 * errors of `openModelFile`.
 */
export async function startingPoint(o: ChatValues, env: Env): Promise<StartingPoint> {
  const { initFrom } = o;
  const read = (path: string) => readText(path);
  if (initFrom === null) {
    const tokenizer = new CharTokenizer(worldCharacters, nanochatTokens);
    const template = await chooseTemplate(tokenizer, { name: o.template, read });
    const model = modelOf({ ...WORLD_MODEL, vocabSize: tokenizer.vocabSize });
    const seqLen = lengthOf(o, model.seqLen);
    return {
      model,
      weights: undefined,
      quantized: new Map(),
      tokenizer,
      template,
      adapters: null,
      isNew: true,
      seqLen,
    };
  }
  const path = o.tokenizer ?? await runTokenizer(initFrom);
  const given = path === null ? null : await loadTokenizer(path);
  const tokenizer = await keptTokenizer(given, { env, where: `of ${initFrom}` });
  if (tokenizer === null) {
    throw new RangeError(`Cannot find the tokenizer of ${initFrom}: give --tokenizer NAME|PATH`);
  }
  const template = await chooseTemplate(tokenizer, { name: o.template, read });
  await keepTemplate(template, tokenizer, env);
  const lora = loraOf(o);
  const { config, weights, quantized, adapters } = lora !== null
    ? await withNewAdapters(initFrom, { lora, env })
    : { ...await wholeModel(initFrom, env), quantized: new Map(), adapters: null };
  if (tokenizer.vocabSize > config.vocabSize) {
    throw new RangeError(
      `Cannot use the tokenizer of ${tokenizer.vocabSize} tokens for ${initFrom}, which has ${config.vocabSize}: give --tokenizer NAME|PATH, the one that the model was trained with`,
    );
  }
  const base = modelOf(config);
  return {
    model: lora === null ? base : withLora(base, lora),
    weights,
    quantized,
    tokenizer,
    template,
    adapters,
    isNew: false,
    seqLen: lengthOf(o, config.seqLen),
  };
}

/** Returns a model all of whose weights are trained; a resumed run has them in its checkpoint. */
async function wholeModel(
  path: string,
  { resumed, out }: Pick<Env, "resumed" | "out">,
): Promise<StartingWeights> {
  return resumed ? { config: await runModelConfig(out), weights: {} } : await startingWeights(path);
}

/**
 * Makes a template the tokenizer's own, so that it is saved with the model: later stages, chat and exported
 * files then write conversations as the model has learned them. Throws RangeError if a run resumes with
 * another template than it began with.
 */
async function keepTemplate(
  { source, name }: ChatTemplate,
  tokenizer: Tokenizer,
  { resumed, out }: Pick<Env, "resumed" | "out">,
): Promise<void> {
  if (tokenizer instanceof Vocabulary) tokenizer.chatTemplate = source;
  if (!resumed || await readChatTemplate(`${out}/tokenizer`) === source) return;
  throw new RangeError(
    `Cannot resume ${out}: the chat template ${name} is not the one that the run was started with, which ${out}/tokenizer holds: put that one back, or start a new run with another --out or --resume never`,
  );
}

function lengthOf({ seqLen }: ChatValues, own: number): number {
  if (seqLen === null) return Math.min(own, DEFAULT_LENGTH);
  if (seqLen <= own) return seqLen;
  throw new RangeError(
    `Cannot use --seq-len ${seqLen}: the model's sequence length is ${own}: give at most ${own}`,
  );
}

/** Returns the shape of a batch. */
export function shapeOf(
  o: Pick<ChatValues, "gradAccum" | "batchSize">,
  { seqLen }: Pick<StartingPoint, "seqLen">,
): Batch["shape"] {
  return [o.gradAccum ?? 1, o.batchSize, seqLen];
}

/** Returns the plan of post-training. */
export function chatPlan(
  o: ChatValues & { readonly logEvery?: number },
  start: Pick<StartingPoint, "model" | "quantized" | "adapters" | "seqLen">,
  { weighted = false, segmented = false, reference = false, temperature = 1, texts, packBytes, ranks }: {
    readonly weighted?: boolean;
    readonly segmented?: boolean;
    /** Whether the model is compared with the one without adapters. */
    readonly reference?: boolean;
    readonly temperature?: number;
    /** Number of texts that are generated at once; 0: none are. */
    readonly texts: number;
    readonly packBytes: number;
    /** Number of processes that compute a step together. */
    readonly ranks: number;
  },
): Plan {
  const { model, quantized, adapters } = start, shape = shapeOf(o, start);
  return plan({
    model,
    training: {
      optimizer: optimizerOf(o, model.name),
      shape,
      ranks,
      overlap: o.overlap === "auto",
      gradientSum: o.gradSum,
      clip: o.gradClip,
      recompute: o.recompute,
      deferred: needsDeferredUpdates(divergenceOf(o)),
      weighted,
      segmented,
    },
    evaluation: { batch: shape[1], seqLen: shape[2] },
    ...(texts > 0 && { sampling: { texts, seqLen: start.seqLen + 1, dealt: true } }),
    quantized,
    temperature,
    packBytes,
    ...(adapters !== null && { trains: isAdapter }),
    ...(adapters !== null && reference && { reference: modelOf(model.config) }),
  });
}

/** Returns the options of the stage `train` that are the same in all of post-training. */
export function chatTraining(
  o: ChatValues,
  { weights, adapters }: StartingPoint,
  { skippedBatches }: Pick<Env, "skippedBatches">,
): Pick<
  TrainOptions,
  "steps" | "checkpointEvery" | "divergence" | "skippedBatches" | "weights" | "adapters"
> {
  return {
    steps: o.steps,
    checkpointEvery: o.checkpointEvery,
    divergence: divergenceOf(o),
    skippedBatches,
    ...(weights !== undefined && { weights }),
    ...(adapters !== null && { adapters }),
  };
}
