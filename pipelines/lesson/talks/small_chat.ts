/**
 * The small chat models of the lessons on Karpathy's talks. Each phase of their training is a flow of this
 * project's own stages: render, pack, batch and train to imitate; rollouts and train for rewards.
 *
 * @module
 */
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { gpt } from "../../../kernels/models/gpt.ts";
import { initialWeights, type Model } from "../../../kernels/models/model.ts";
import { muon } from "../../../kernels/optim/muon.ts";
import { schedule } from "../../../kernels/optim/schedule.ts";
import type { Example } from "../../../stages/chat/conversation.ts";
import { pack } from "../../../stages/chat/pack.ts";
import { render, type RenderOptions } from "../../../stages/chat/render.ts";
import { rowBatches } from "../../../stages/chat/row_batches.ts";
import { nanochatTemplate, nanochatTokens } from "../../../stages/chat/template/nanochat.ts";
import type { ChatTemplate, Rendered } from "../../../stages/chat/template/template.ts";
import { asSource } from "../../../stages/flow/as_source.ts";
import { from } from "../../../stages/flow/flow.ts";
import { map } from "../../../stages/flow/stage.ts";
import { openModel } from "../../../stages/model/model_session.ts";
import { plan } from "../../../stages/model/plan.ts";
import { type Answer, answerQuestions } from "../../../stages/rl/answer_questions.ts";
import type { Task } from "../../../stages/task/verified/task.ts";
import { worldCharacters } from "../../../stages/task/verified/little_world.ts";
import { CharTokenizer } from "../../../stages/token/char.ts";
import type { Tokenizer } from "../../../stages/token/tokenizer.ts";
import type { Toolbox } from "../../../stages/tool/toolbox.ts";
import { train } from "../../../stages/train/train.ts";
import { type Item, progress } from "../item.ts";

/** Size of a small model. */
export interface SmallChatSize {
  readonly layers: number;
  readonly heads: number;
  readonly channels: number;
  /** Longest sequence in tokens. */
  readonly seqLen: number;
}

/** A small model with everything that its phases need. */
export interface SmallChat {
  readonly engine: Engine;
  readonly model: Model;
  readonly tokenizer: Tokenizer;
  readonly template: ChatTemplate;
  readonly seed: number;
}

/** The weights that a model has after a phase. */
export interface Trained {
  readonly weights: TensorMap;
  /** Loss of each update in nats per target, before the update. */
  readonly losses: readonly number[];
}

/** Returns a small model, whose tokens are characters and nanochat's special tokens. */
export function smallChat(
  size: SmallChatSize,
  { engine, seed, tokenizer = new CharTokenizer(worldCharacters, nanochatTokens) }: {
    readonly engine: Engine;
    readonly seed: number;
    readonly tokenizer?: Tokenizer;
  },
): SmallChat {
  const model = gpt({ ...size, vocabSize: tokenizer.vocabSize, vocabPad: 1 });
  return { engine, model, tokenizer, template: nanochatTemplate(tokenizer), seed };
}

/** How a model imitates examples. */
export interface ImitateOptions extends Pick<RenderOptions, "trainOn"> {
  /** What the model learns, for the progress line: "questions and answers". */
  readonly what: string;
  /** Number of updates. */
  readonly steps: number;
  /** Highest learning rate; that of hidden matrices, which Muon updates, is ten times as high. */
  readonly lr: number;
  /** Number of examples in an update; default 64. */
  readonly batch?: number;
  /** Weights to begin with; default: initial weights. */
  readonly weights?: TensorMap;
  /** Changes how much each token of an example counts; default: the template's weights. */
  readonly reweigh?: (rendered: Rendered) => Rendered;
  /** Returns an example by its number. */
  example(index: number): Example | Promise<Example>;
}

/** Trains a model to write what the assistant of the examples writes. Yields its progress. */
export async function* imitate(
  { engine, model, tokenizer, template, seed }: SmallChat,
  { what, steps, lr, batch = 64, weights, trainOn = "answers", reweigh, example }: ImitateOptions,
): AsyncGenerator<Item, Trained> {
  const { seqLen } = model, shape = [1, batch, seqLen] as const;
  const examples = async function* (): AsyncGenerator<Example> {
    for (let index = 0; index < steps * batch; index++) yield await example(index);
  };
  const losses: number[] = [];
  const flow = from(asSource(what, examples))
    .pipe(render({ tokenizer, template, trainOn }))
    .pipe(map("reweigh", reweigh ?? ((rendered) => rendered)))
    .pipe(pack({ size: seqLen + 1, group: batch }))
    .pipe(rowBatches(shape))
    .pipe(train({
      engine,
      plan: plan({
        model,
        training: {
          optimizer: muon({ beta2: .99, weightDecay: 0, rate: 10 }),
          shape,
          clip: 1,
          weighted: reweigh !== undefined,
        },
      }),
      schedule: schedule({ kind: "linear", lr, minLr: lr / 10, warmup: Math.min(20, steps - 1), steps }),
      weights: weights ?? initialWeights(model, seed),
      steps,
    }));
  const stream = flow.stream({
    seed,
    onEvent: (event) => {
      if (event.type === "step") losses.push(event.loss);
    },
  });
  let trained: TensorMap | null = null;
  for await (const { step, model: session, last, reported } of stream) {
    if (step % 10 === 0 && losses.length > 0) {
      yield progress(`${what}: step ${step} of ${steps}, loss ${losses[losses.length - 1].toFixed(4)}`);
    }
    if (!last) continue;
    await reported();
    trained = await session.weights();
  }
  if (trained === null) throw new Error(`No update was made: ${what} has too few examples`);
  return { weights: trained, losses };
}

/** What a model is asked. */
export interface AskOptions {
  readonly weights: TensorMap;
  readonly task: Task;
  /** Indices of the questions. */
  readonly indices: readonly number[];
  /** Number of answers to each question; default 1. */
  readonly samples?: number;
  /** Default 0: always the likeliest token. */
  readonly temperature?: number;
  readonly toolbox?: Toolbox;
}

/** Returns a model's answers to questions of a task. */
export async function ask(
  { engine, model, tokenizer, template, seed }: SmallChat,
  { weights, task, indices, samples = 1, temperature = 0, toolbox }: AskOptions,
): Promise<readonly Answer[]> {
  const planned = plan({ model, sampling: { texts: 64, seqLen: model.seqLen } });
  await using session = await openModel(engine, { plan: planned, weights });
  return await answerQuestions(session, { task, indices, samples, key: "ask" }, {
    tokenizer,
    template,
    temperature,
    maxTokens: model.seqLen,
    seed,
    stopping: () => false, // the tasks of lessons answer at once
    ...(toolbox !== undefined && { toolbox }),
  });
}

/** Returns `count` whole numbers from `first` on. */
export function range(first: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}

/** Returns the mean of what is measured on each of some things; 0 for none. */
export function meanOf<T>(all: readonly T[], of: (one: T) => number | boolean): number {
  return all.reduce((sum, one) => sum + Number(of(one)), 0) / Math.max(1, all.length);
}
