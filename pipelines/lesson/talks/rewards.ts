/**
 * Reinforcement learning of a small chat model: rollouts, rewards, advantages and updates are those of the
 * pipeline `rl`.
 *
 * @module
 */
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import { adamw } from "../../../kernels/optim/adamw.ts";
import { schedule } from "../../../kernels/optim/schedule.ts";
import { asSource } from "../../../stages/flow/as_source.ts";
import { from } from "../../../stages/flow/flow.ts";
import { plan } from "../../../stages/model/plan.ts";
import { type Rollout, rolloutBatch } from "../../../stages/rl/rollout_batch.ts";
import type { Task } from "../../../stages/task/verified/task.ts";
import type { Toolbox } from "../../../stages/tool/toolbox.ts";
import { train } from "../../../stages/train/train.ts";
import { type Item, progress } from "../item.ts";
import { range, type SmallChat } from "./small_chat.ts";

/** Questions of an update. */
export const QUESTIONS = 8;
/** Answers to each question. */
export const GROUP = 8;

/** What is measured on the answers of one update. */
export type UpdateAnswers = Rollout["event"];

/** How a model learns from rewards. */
export interface ReinforceOptions {
  /** Weights to begin with. */
  readonly weights: TensorMap;
  readonly task: Task;
  /** Number of updates. */
  readonly updates: number;
  /** Learning rate of AdamW. */
  readonly lr: number;
  /** How the learning rate falls: to 0 along a line, or not at all. Default linear. */
  readonly kind?: "linear" | "constant";
  readonly toolbox?: Toolbox;
  /** Called with the answers for each update, before it is made. Returns whether to stop there. */
  watch?(answers: UpdateAnswers, number: number): boolean;
}

/** A model after reinforcement learning. */
export interface Reinforced {
  readonly weights: TensorMap;
  /** What was measured on the answers for each update. */
  readonly updates: readonly UpdateAnswers[];
  /** The weights that gave the answers for each update. */
  readonly history: readonly TensorMap[];
}

/**
 * Lets a model answer questions, and makes the answers with more than the mean reward of their question
 * likelier, and the others less likely. Yields its progress.
 */
export async function* reinforce(
  { engine, model, tokenizer, template, seed }: SmallChat,
  { weights, task, updates, lr, kind = "linear", toolbox, watch }: ReinforceOptions,
): AsyncGenerator<Item, Reinforced> {
  const { seqLen } = model, shape = [1, QUESTIONS * GROUP, seqLen] as const;
  const measured: UpdateAnswers[] = [];
  const history: TensorMap[] = [weights];
  let isStopped = false;
  const flow = from(asSource("updates", () => range(0, updates))).pipe(train<number>({
    engine,
    plan: plan({
      model,
      training: { optimizer: adamw({ beta2: .99, weightDecay: 0 }), shape, clip: 1, weighted: true },
      sampling: { texts: QUESTIONS * GROUP, seqLen },
    }),
    schedule: schedule({ kind, lr, steps: updates }),
    weights,
    async prepare(number, { model: policy, ctx }) {
      if (isStopped) return null;
      // #region one update
      const { batch, event } = await rolloutBatch(policy, range(number * QUESTIONS, QUESTIONS), {
        task,
        group: GROUP,
        shape,
        loss: { algorithm: "reinforce" },
        scale: "none",
        maskCutOff: false,
        reference: null,
        tokenizer,
        template,
        temperature: 1,
        maxTokens: seqLen,
        seed,
        signal: ctx.signal,
        stopping: () => ctx.stopping,
        ...(toolbox !== undefined && { toolbox }),
      });
      // #endregion
      measured.push(event);
      isStopped = watch?.(event, number) === true;
      if (batch === null) history.push(history[history.length - 1]); // the weights stay as they are
      return isStopped ? null : batch;
    },
  }));
  for await (const { model: policy, step } of flow.stream({ seed, barrierEvery: updates + 1 })) {
    const { reward } = measured[measured.length - 1];
    if (step % 2 === 0) yield progress(`rewards: update ${step} of ${updates}, mean ${reward.toFixed(3)}`);
    history.push(await policy.weights());
  }
  return { weights: history[history.length - 1], updates: measured, history };
}
