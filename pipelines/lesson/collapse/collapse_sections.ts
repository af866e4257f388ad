/**
 * The sections of the lesson on learning rates of policies.
 *
 * @module
 */
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { uniformAt } from "../../../kernels/random/philox.ts";
import { heldOutFrom, type Task } from "../../../stages/task/verified/task.ts";
import { claim } from "../claim.ts";
import { code, heading, type Item, lines, say, table } from "../item.ts";
import { byUpdate, percent, transcripts } from "../talks/answer_items.ts";
import { reinforce } from "../talks/rewards.ts";
import { ask, meanOf, range } from "../talks/small_chat.ts";
import { columnSums } from "../thinking/column_sums.ts";
import { imitateSums, sumChat, type ThinkingSettings } from "../thinking/thinking_sections.ts";
import {
  guardSaves,
  highRateDestroys,
  noiseIsEnough,
  nothingToLearnFrom,
  smallRateKeeps,
} from "./collapse_claims.ts";
import { guarded } from "./guarded.ts";

/** The two learning rates. */
const SMALL = 1e-4, HIGH = 3e-3;

/** A policy that is good already meets a small rate, a high one, and a high one with a guard. */
export async function* collapseSections(
  engine: Engine,
  { seed, steps, updates, questions }: ThinkingSettings,
): AsyncGenerator<Item> {
  const chat = sumChat(engine, seed), task = columnSums();
  const asked = (weights: TensorMap) =>
    ask(chat, { weights, task, indices: range(heldOutFrom(task), questions), temperature: 1 });
  const right = async (weights: TensorMap) => meanOf(await asked(weights), ({ reward }) => reward);

  yield heading("A policy that is good already");
  yield say(
    `The model of the lesson \`thinking\` learns sums by columns, from thoughts alone this time, in \`${steps}\` updates. Then come \`${updates}\` updates from rewards, three times from the same weights: at the rate ${SMALL}, at the rate ${HIGH}, and at the rate ${HIGH} with a guard.`,
  );
  const imitated = yield* imitateSums(chat, { steps, solution: () => 1 });
  const before = await right(imitated.weights);
  const learned = { weights: imitated.weights, task, updates, kind: "constant" } as const;

  yield heading("Two rates");
  const small = yield* reinforce(chat, { ...learned, lr: SMALL });
  const high = yield* reinforce(chat, { ...learned, lr: HIGH });
  const afterSmall = await right(small.weights), afterHigh = await right(high.weights);
  const curve = ({ updates }: typeof small) => updates.map(({ reward }) => reward);
  yield byUpdate("Mean rewards, update by update.", {
    title: "mean reward",
    series: [{ name: `rate ${SMALL}`, y: curve(small) }, { name: `rate ${HIGH}`, y: curve(high) }],
  });
  yield claim(smallRateKeeps, { rate: SMALL, before, after: afterSmall });
  yield claim(highRateDestroys, { rate: HIGH, before, after: afterHigh });
  yield say(
    "Where nearly all rewards are at their maximum, the gradient is the mean of a few answers that happened to be wrong: mostly noise. Adam divides a gradient by its running size, so a step is as long as the rate says, however little the gradient knows. So rates of reinforcement learning are usually a tenth of those of imitation, or less.",
  );
  yield transcripts(chat, (await asked(high.weights)).slice(0, 4));
  const lastTen = high.updates.slice(-10);
  yield claim(nothingToLearnFrom, {
    reward: meanOf(lastTen, ({ reward }) => reward),
    equal: meanOf(lastTen, ({ zeroVariance }) => zeroVariance),
  });

  yield heading("A guard");
  yield say(
    "The pipeline `rl` watches the mean reward of ten updates. When it falls below half of its best, the run goes back to a checkpoint that answered well and continues at a third of the rate.",
  );
  yield code("stages/rl/guard.ts", "collapse");
  const saved = yield* guarded(chat, { ...learned, lr: HIGH, best: before });
  if (saved.rollbacks.length > 0) yield lines(saved.rollbacks);
  const afterSaved = await right(saved.weights);
  yield byUpdate("Mean rewards at the high rate, without the guard and with it.", {
    title: `mean reward at the rate ${HIGH}`,
    series: [{ name: "without a guard", y: curve(high) }, { name: "with it", y: saved.rewards }],
  });
  yield claim(guardSaves, {
    guarded: afterSaved,
    unguarded: afterHigh,
    rollbacks: saved.rollbacks.length,
  });
  yield table(
    [`of ${questions} held-out sums`, "right"],
    [
      ["before", percent(before)],
      [`after ${updates} updates at ${SMALL}`, percent(afterSmall)],
      [`at ${HIGH}`, percent(afterHigh)],
      [`at ${HIGH} with the guard`, percent(afterSaved)],
    ],
  );
}

/** Exercise E01: rewards that say nothing at all. */
export async function* noiseSolution(
  engine: Engine,
  { seed, steps, updates, questions }: ThinkingSettings,
): AsyncGenerator<Item> {
  const chat = sumChat(engine, seed), task = columnSums();
  let answered = 0;
  const lot: Task = { ...task, reward: () => ({ lot: Math.round(uniformAt(seed, "lot", answered++)) }) };
  const asked = { task, indices: range(heldOutFrom(task), questions), temperature: 1 };
  yield say("Each answer gets the reward 0 or 1 by lot, whatever it says. The rate is the high one.");
  const imitated = yield* imitateSums(chat, { steps, solution: () => 1 });
  const before = await ask(chat, { ...asked, weights: imitated.weights });
  const { weights } = yield* reinforce(chat, {
    weights: imitated.weights,
    task: lot,
    updates,
    lr: HIGH,
    kind: "constant",
  });
  const after = await ask(chat, { ...asked, weights });
  yield claim(noiseIsEnough, {
    before: meanOf(before, ({ reward }) => reward),
    after: meanOf(after, ({ reward }) => reward),
  });
  yield transcripts(chat, after.slice(0, 4));
}
