/**
 * Answers the questions of one update, and turns the answers into its batch.
 *
 * @module
 */
import type { RolloutEvent, TimingEvent } from "../flow/events.ts";
import type { Batch } from "../items.ts";
import type { ModelSession } from "../model/model_session.ts";
import type { Task } from "../task/verified/task.ts";
import type { Tokenizer } from "../token/tokenizer.ts";
import { advantages, type RewardScale, shareWithoutVariance } from "./advantages.ts";
import { type Answer, type AnswerOptions, answerQuestions } from "./answer_questions.ts";
import { answerRows, derivativeBatch, logProbabilities, type Scorer } from "./answer_rows.ts";
import { policyLoss, type PolicyLossOptions } from "./policy_loss.ts";

/** How an update learns from answers. */
export interface RolloutOptions extends AnswerOptions {
  readonly task: Task;
  /** Number of answers to each question. */
  readonly group: number;
  /** Shape of the batch; it has `A · B / group` questions. */
  readonly shape: Batch["shape"];
  readonly loss: PolicyLossOptions;
  /** What rewards are divided by. */
  readonly scale: RewardScale;
  /** Whether answers that were cut off do not count. */
  readonly maskCutOff: boolean;
  /** Model that the policy must stay near to; needed where `loss.beta` is above 0. */
  readonly reference: Scorer | null;
}

/** The batch of an update, null if it teaches nothing, and its events without their numbers. */
export interface Rollout {
  readonly batch: Batch | null;
  readonly event: Omit<RolloutEvent, "type" | "step" | "item">;
  readonly timing: Omit<TimingEvent, "type" | "step" | "item">;
}

/**
 * Answers questions with the model, and returns the batch of the update. The random numbers depend on the
 * seed, the question and the number of the answer alone. Questions that are longer than a sequence are left
 * out. Throws RangeError if all are, and the errors of `answerQuestions`.
 */
export async function rolloutBatch(
  model: ModelSession,
  indices: readonly number[],
  options: RolloutOptions,
): Promise<Rollout> {
  const { task, group, shape, loss, scale, maskCutOff, reference, ...asking } = options;
  const began = performance.now();
  const answers = await answerQuestions(model, { task, indices, samples: group, key: "rollout" }, {
    ...asking,
    maxLength: shape[2] + 1,
  });
  const fits = ({ prompt }: Answer) => prompt.length <= shape[2];
  const [long] = answers.filter((answer) => !fits(answer)), answered = answers.filter(fits);
  if (long !== undefined && answered.length === 0) {
    throw new RangeError(
      `Question ${long.item.id} of ${task.name} has ${long.prompt.length} tokens, and a sequence ${
        shape[2]
      }: give a larger --seq-len`,
    );
  }
  const rows = answerRows(
    answers.map((answer) => {
      if (!fits(answer)) return { ids: new Uint32Array(0), mask: [] };
      const { prompt, ids, chosen, end } = answer;
      return {
        ids: Uint32Array.from([...prompt, ...ids]),
        mask: [...prompt.map(() => 0), ...chosen.map((own) => maskCutOff && end === "length" ? 0 : own)],
      };
    }),
    shape[2],
  );
  // A question without an answer takes no part in any mean.
  const rewards = answers.map((answer) => fits(answer) ? answer.reward : null), generated = performance.now();
  // The answers are of the model itself, so that the ratio to the model that generated them is 1.
  const logps = new Float64Array(rows.inputs.length);
  answers.forEach(({ prompt, logps: own }, row) => {
    if (own.length > 0) logps.set(own, row * rows.length + prompt.length - 1);
  });
  const found = policyLoss({
    length: rows.length,
    logps,
    old: logps,
    mask: rows.mask,
    advantages: advantages(rewards, { group, scale, leaveOneOut: loss.algorithm === "rloo" }),
    ...(reference !== null && { reference: await logProbabilities(reference, rows) }),
  }, loss);
  const scored = performance.now();
  const batch = derivativeBatch(rows, { gradient: found.gradient, shape });
  return {
    batch,
    event: {
      ...measured(answered, asking.tokenizer),
      ...(batch === null && { withoutUpdate: true }),
      ...(long !== undefined && { tooLong: 1 - answered.length / answers.length }),
      zeroVariance: shareWithoutVariance(rewards, group),
      policyLoss: found.loss,
      ...(reference !== null && { kl: found.kl }),
    },
    timing: {
      rollout: (generated - began) / 1000,
      score: (scored - generated) / 1000,
      generated: answers.reduce((sum, { ids }) => sum + ids.length, 0),
    },
  };
}

/** What is logged of answers. */
function measured(
  answers: readonly Answer[],
  tokenizer: Tokenizer,
): Omit<Rollout["event"], "withoutUpdate" | "zeroVariance" | "policyLoss" | "kl" | "tooLong"> {
  const mean = (of: (answer: Answer) => number) =>
    answers.reduce((sum, answer) => sum + of(answer), 0) / answers.length;
  const names = [...new Set(answers.flatMap(({ parts }) => Object.keys(parts)))];
  const chosen = answers.reduce((sum, { chosen }) => sum + chosen.filter((own) => own === 1).length, 0);
  const entropy = answers.reduce((sum, { entropies }) => sum + entropies.reduce((a, b) => a + b, 0), 0);
  const calls = mean(({ calls }) => calls), lengths = answers.map(({ ids }) => ids.length);
  const sorted = answers.toSorted((a, b) => b.reward - a.reward);
  // The whole answer, so that calls of tools and their results can be read.
  const transcript = ({ item, ids, reward }: Answer) =>
    `${item.id}: ${tokenizer.decode(ids)} (reward ${Number(reward.toFixed(3))})`;
  return {
    reward: mean(({ reward }) => reward),
    parts: Object.fromEntries(names.map((name) => [name, mean(({ parts }) => parts[name] ?? 0)])),
    entropy: chosen === 0 ? 0 : entropy / chosen,
    length: mean(({ ids }) => ids.length),
    minLength: Math.min(...lengths),
    maxLength: Math.max(...lengths),
    cutOff: mean(({ end }) => Number(end === "length")),
    toolCalls: calls,
    toolFailures: calls === 0 ? 0 : mean(({ failures }) => failures) / calls,
    best: transcript(sorted[0]),
    worst: transcript(sorted[sorted.length - 1]),
  };
}
