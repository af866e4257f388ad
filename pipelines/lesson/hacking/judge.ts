/**
 * A learned reward: a model that reads a question with an answer and says how likely the answer is right. It
 * stands for the reward models of RLHF, which learn from people's judgements.
 *
 * @module
 */
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import type { Conversation } from "../../../stages/chat/conversation.ts";
import { rowOf } from "../../../stages/chat/packed_row.ts";
import { batchOfRows } from "../../../stages/chat/row_batches.ts";
import { type ModelSession, openModel } from "../../../stages/model/model_session.ts";
import { plan } from "../../../stages/model/plan.ts";
import type { SmallChat } from "../talks/small_chat.ts";

/** What the judge says of a right answer and of a wrong one. */
export const JUDGEMENTS = { right: "y", wrong: "n" } as const;

/** Number of answers that are judged together. */
const BATCH = 64;

/** An answer that waits to be judged. */
interface Waiting {
  readonly asked: Conversation;
  resolve(score: number): void;
  reject(error: unknown): void;
}

/** Returns the conversation in which a judge is asked about an answer, with the judgement. */
export function judged(question: string, answer: string, judgement: string): Conversation {
  return {
    id: question,
    messages: [{ role: "user", content: `${question} ${answer}` }, { role: "assistant", content: judgement }],
  };
}

/** A judge on a device. */
export class Judge implements AsyncDisposable {
  readonly #chat: SmallChat;
  readonly #session: ModelSession;
  #waiting: Waiting[] = [];

  /** Use `openJudge` instead. */
  constructor(chat: SmallChat, session: ModelSession) {
    this.#chat = chat;
    this.#session = session;
  }

  /**
   * Returns the probability that an answer is right, by the judge. An answer that is too long to be read is
   * wrong. Calls of the same moment are judged together.
   */
  score(question: string, answer: string): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const asked = judged(question, answer, JUDGEMENTS.right);
    if (this.#waiting.length === 0) setTimeout(() => this.#judge());
    this.#waiting.push({ asked, resolve, reject });
    return promise;
  }

  async #judge(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (let at = 0; at < waiting.length; at += BATCH) {
      const some = waiting.slice(at, at + BATCH);
      try {
        const scores = await this.#scores(some.map(({ asked }) => asked));
        some.forEach(({ resolve }, i) => resolve(scores[i]));
      } catch (error) {
        for (const { reject } of some) reject(error);
      }
    }
  }

  /** Returns the probability of the judgement of each conversation. */
  async #scores(conversations: readonly Conversation[]): Promise<readonly number[]> {
    const { model: { seqLen }, template } = this.#chat;
    const rendered = conversations.map((one) => template.render(one));
    const rows = rendered.map((one) => rowOf(one.ids.length > seqLen + 1 ? [] : [one], seqLen + 1));
    const { inputs, targets, mask } = batchOfRows(rows, { shape: [1, BATCH, seqLen] });
    const losses = await this.#session.losses(inputs, targets);
    return rows.map((_, row) => {
      const first = mask.indexOf(1, row * seqLen); // the judgement; what ends it follows
      return first < 0 || first >= (row + 1) * seqLen ? 0 : Math.exp(-losses[first]);
    });
  }

  /** Frees the device's memory. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }
}

/** Opens a judge with its weights. */
export async function openJudge(chat: SmallChat, weights: TensorMap): Promise<Judge> {
  const { engine, model } = chat;
  const planned = plan({ model, evaluation: { batch: BATCH, seqLen: model.seqLen } });
  return new Judge(chat, await openModel(engine, { plan: planned, weights }));
}
