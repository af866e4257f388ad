/**
 * The sections of the lesson on reward hacking.
 *
 * @module
 */
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { nanochatTokens } from "../../../stages/chat/template/nanochat.ts";
import type { Answer } from "../../../stages/rl/answer_questions.ts";
import { heldOutFrom } from "../../../stages/task/verified/task.ts";
import { CharTokenizer } from "../../../stages/token/char.ts";
import { claim } from "../claim.ts";
import { code, heading, type Item, lines, say, table } from "../item.ts";
import { byUpdate, percent } from "../talks/answer_items.ts";
import { reinforce } from "../talks/rewards.ts";
import { ask, imitate, meanOf, range, type SmallChat, smallChat } from "../talks/small_chat.ts";
import { columnSums } from "../thinking/column_sums.ts";
import { imitateSums, sumChat } from "../thinking/thinking_sections.ts";
import {
  judgeIsPleased,
  judgeIsUseful,
  judgeLearnsTheHack,
  programHolds,
  truthFalls,
  truthRisesFirst,
} from "./hacking_claims.ts";
import { type Judge, judged, JUDGEMENTS, openJudge } from "./judge.ts";
import { pleased, RATE } from "./pleased.ts";

/** Lengths of the experiment, and its seed. */
export interface HackingSettings {
  readonly seed: number;
  /** Updates in which the model imitates solutions. */
  readonly steps: number;
  /** Updates of the judge. */
  readonly judging: number;
  /** Questions whose answers the judge learns from, four answers to each. */
  readonly examples: number;
  /** Updates from rewards. */
  readonly updates: number;
  /** Held-out sums in a test. */
  readonly questions: number;
}

/** First question that the judge learns from. */
const JUDGED_FROM = 5e6;

/** Updates whose answers are measured together. */
const WINDOW = 3;

/** A model that can add, and its judge. */
interface Pupil {
  readonly chat: SmallChat;
  readonly weights: TensorMap;
  /** The answers that the judge has learned from. */
  readonly seen: readonly Answer[];
  readonly judgeChat: SmallChat;
  readonly judgeWeights: TensorMap;
}

const right = ({ reward }: Pick<Answer, "reward">) => reward;

/** Trains a judge on answers and whether they are right. */
async function* trainedJudge(
  chat: SmallChat,
  { answers, steps }: { readonly answers: readonly Answer[]; readonly steps: number },
): AsyncGenerator<Item, TensorMap> {
  const { weights } = yield* imitate(chat, {
    what: "judgements",
    steps,
    lr: 3e-3,
    example(index) {
      const { item, text, reward } = answers[index * 7919 % answers.length]; // 7919 is prime: a fixed shuffle
      return judged(item.id, text, reward === 1 ? JUDGEMENTS.right : JUDGEMENTS.wrong);
    },
  });
  return weights;
}

/** Trains a model that answers sums, half of the time after thoughts, and a judge of its answers. */
async function* pupilOf(
  engine: Engine,
  { seed, steps, judging, examples }: HackingSettings,
): AsyncGenerator<Item, Pupil> {
  const chat = sumChat(engine, seed), task = columnSums();
  const { weights } = yield* imitateSums(chat, { steps, solution: (index) => index % 2 === 0 ? 0 : 1 });
  const seen = await ask(chat, {
    weights,
    task,
    indices: range(JUDGED_FROM, examples),
    samples: 4,
    temperature: 1,
  });
  const tokenizer = new CharTokenizer([..."0123456789+=?;# yn"], nanochatTokens);
  const judgeChat = smallChat({ layers: 2, heads: 4, channels: 64, seqLen: 60 }, { engine, seed, tokenizer });
  const judgeWeights = yield* trainedJudge(judgeChat, { answers: seen, steps: judging });
  return { chat, weights, seen, judgeChat, judgeWeights };
}

/** A judge is learned, pleased and outwitted. */
export async function* hackingSections(engine: Engine, settings: HackingSettings): AsyncGenerator<Item> {
  const { updates, questions } = settings, task = columnSums();
  yield heading("A learned reward");
  yield say(
    "Whether a joke is good no program can verify. RLHF asks people for a limited number of judgements, trains a model to give the same, and uses this model as the reward. Here the judge learns from answers to sums and whether they are right, so that, other than with jokes, we can see what happens to the truth.",
  );
  const { chat, weights, seen, judgeChat, judgeWeights } = yield* pupilOf(engine, settings);
  const heldOut = range(heldOutFrom(task), questions);
  const asked = (of: TensorMap) => ask(chat, { weights: of, task, indices: heldOut, temperature: 1 });
  await using judge = await openJudge(judgeChat, judgeWeights);
  const scores = (answers: readonly Answer[]) =>
    Promise.all(answers.map(({ item, text }) => judge.score(item.id, text)));
  const before = await asked(weights), scored = await scores(before), share = meanOf(before, right);
  yield code("pipelines/lesson/hacking/pleased.ts", "learned reward");
  yield lines(
    seen.slice(0, 4).map(({ item, text, reward }) =>
      `${item.id} ${text} -> ${reward === 1 ? JUDGEMENTS.right : JUDGEMENTS.wrong}`
    ),
  );
  const usefulness = {
    agrees: meanOf(range(0, before.length), (i) => scored[i] > .5 === (before[i].reward === 1)),
    common: Math.max(share, 1 - share),
  };
  yield claim(judgeIsUseful, usefulness);

  yield heading("Up, and then down");
  const run = yield* pleased(chat, { weights, judge, updates });
  const smooth = run.truths.map((_, i) =>
    meanOf(run.truths.slice(Math.max(0, i - WINDOW + 1), i + 1), (x) => x)
  );
  const highest = smooth.indexOf(Math.max(...smooth)), update = Math.max(0, highest - (WINDOW - 1) / 2);
  // Asked again: the highest of many measurements is partly luck.
  const best = meanOf(await asked(run.history[update]), right);
  const judgedBy = run.updates.map(({ reward }) => reward);
  const end = await asked(run.weights), endScores = await scores(end), last = meanOf(end, right);
  yield byUpdate("What the judge says of the answers, and how many of them are right.", {
    title: "shares of answers",
    series: [{ name: "the judge's reward", y: judgedBy }, { name: "really right", y: run.truths }],
  });
  yield claim(judgeIsPleased, { before: meanOf(scored, (x) => x), after: meanOf(endScores, (x) => x) });
  const isUseful = judgeIsUseful.holds(usefulness);
  yield claim(truthRisesFirst, { before: share, best, update, updates, isUseful });
  yield claim(truthFalls, { best, last, judged: meanOf(endScores, (x) => x) });
  yield say("Answers at the end, with the judge's reward:");
  yield lines(
    end.slice(0, 5).map(({ item, text }, i) => `${item.id} ${text}  (judge ${endScores[i].toFixed(2)})`),
  );
  yield say(
    "A judge has only learned about answers that it has seen. A policy that is rewarded by it searches where it was never trained. So RLHF runs are stopped early, or held near the model that they started from by a penalty, as the pipeline `rl` has it too.",
  );

  yield heading("A verified reward");
  const verified = yield* reinforce(chat, { weights, task, updates, lr: RATE, kind: "constant" });
  const honest = await asked(verified.weights);
  yield claim(programHolds, { learned: last, verified: meanOf(honest, right) });
  yield table(
    [`of ${questions} held-out sums`, "really right", "by the judge"],
    [
      ["before", percent(share), percent(meanOf(scored, (x) => x))],
      ["after the judge's rewards", percent(last), percent(meanOf(endScores, (x) => x))],
      [
        "after verified rewards",
        percent(meanOf(honest, right)),
        percent(meanOf(await scores(honest), (x) => x)),
      ],
    ],
  );
}

/** Exercise E01: a second judge learns from the hacked answers too. */
export async function* secondJudgeSolution(engine: Engine, settings: HackingSettings): AsyncGenerator<Item> {
  const { updates, questions, judging } = settings, task = columnSums();
  const { chat, weights, seen, judgeChat, judgeWeights } = yield* pupilOf(engine, settings);
  await using first = await openJudge(judgeChat, judgeWeights);
  const hacked = yield* pleased(chat, { weights, judge: first, updates });
  const asked = (of: TensorMap, from: number) =>
    ask(chat, { weights: of, task, indices: range(from, questions), temperature: 1 });
  const hacks = await asked(hacked.weights, JUDGED_FROM);
  const mixed = seen.flatMap((answer, i) => i % 2 === 0 ? [answer, hacks[i / 2 % hacks.length]] : [answer]);
  const secondWeights = yield* trainedJudge(judgeChat, { answers: mixed, steps: judging });
  await using second = await openJudge(judgeChat, secondWeights);
  const shown = await asked(hacked.weights, heldOutFrom(task));
  const meanScore = async (judge: Judge, answers: readonly Answer[]) =>
    meanOf(await Promise.all(answers.map(({ item, text }) => judge.score(item.id, text))), (x) => x);
  const again = yield* pleased(chat, { weights, judge: second, updates });
  const end = await asked(again.weights, heldOutFrom(task));
  yield claim(judgeLearnsTheHack, {
    before: await meanScore(first, shown),
    after: await meanScore(second, shown),
    judged: await meanScore(second, end),
    right: meanOf(end, right),
  });
  yield lines(end.slice(0, 5).map(({ item, text }) => `${item.id} ${text}`));
}
