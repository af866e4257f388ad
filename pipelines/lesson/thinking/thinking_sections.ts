/**
 * The sections of the lesson on thinking.
 *
 * @module
 */
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { nanochatTokens } from "../../../stages/chat/template/nanochat.ts";
import type { Answer } from "../../../stages/rl/answer_questions.ts";
import { heldOutFrom, type Task } from "../../../stages/task/verified/task.ts";
import { CharTokenizer } from "../../../stages/token/char.ts";
import { claim } from "../claim.ts";
import { code, heading, type Item, lines, say, table } from "../item.ts";
import { byUpdate, percent, transcripts } from "../talks/answer_items.ts";
import { GROUP, QUESTIONS, reinforce } from "../talks/rewards.ts";
import { ask, imitate, meanOf, range, type SmallChat, smallChat, type Trained } from "../talks/small_chat.ts";
import { columnSums } from "./column_sums.ts";
import {
  lengthGrows,
  moreAreRight,
  priceShortens,
  stepsAreBetter,
  thinkingIsFound,
} from "./thinking_claims.ts";

/** Lengths of the experiment, and its seed. */
export interface ThinkingSettings {
  readonly seed: number;
  /** Updates in which the model imitates solutions. */
  readonly steps: number;
  /** Updates from rewards. */
  readonly updates: number;
  /** Held-out sums in a test. */
  readonly questions: number;
}

/** Learning rate of the updates from rewards. */
const RATE = 3e-4;

const right = ({ reward }: Answer) => reward;
const tokens = ({ ids }: Answer) => ids.length;
/** Whether an answer has columns before the sum. */
const thinks = ({ text }: Answer) => text.includes("+");

/** The model: two blocks, and the characters of sums alone. */
export function sumChat(engine: Engine, seed: number): SmallChat {
  const tokenizer = new CharTokenizer([..."0123456789+=?;#"], nanochatTokens);
  return smallChat({ layers: 2, heads: 4, channels: 64, seqLen: 46 }, { engine, seed, tokenizer });
}

/** Trains a model on sums that are solved at once, where `solution` returns 0, or by columns. */
export async function* imitateSums(
  chat: SmallChat,
  { steps, solution }: { readonly steps: number; solution(index: number): 0 | 1 },
): AsyncGenerator<Item, Trained> {
  const task = columnSums();
  return yield* imitate(chat, {
    what: "solutions",
    steps,
    lr: 4e-3,
    example(index) {
      const { id, messages, solutions = [] } = task.item(index);
      return { id, messages: [...messages, solutions[solution(index)]] };
    },
  });
}

/** A model learns to answer at once or after thoughts, and then by rewards which is better. */
export async function* thinkingSections(
  engine: Engine,
  { seed, steps, updates, questions }: ThinkingSettings,
): AsyncGenerator<Item> {
  const chat = sumChat(engine, seed), task = columnSums();
  const asked = (weights: TensorMap, temperature: number) =>
    ask(chat, { weights, task, indices: range(heldOutFrom(task), questions), temperature });

  yield heading("Models need tokens to think");
  yield say(
    "For each token a model has the same few layers, whatever the question. A sum of three digits whose first digit comes first needs all carries at once. Written by columns from the right, each token needs only three digits that stand before it.",
  );
  yield code("pipelines/lesson/thinking/column_sums.ts", "columnsOf");
  const { messages: [{ content }], solutions = [] } = task.item(0);
  yield lines(solutions.map((solution) => `${content} ${solution.content}`));
  yield say(
    `The model imitates both kinds of solution equally often, in \`${steps}\` updates of 64 examples, so that it can do both and prefers neither.`,
  );
  const imitated = yield* imitateSums(chat, { steps, solution: (index) => index % 2 === 0 ? 0 : 1 });
  const before = await asked(imitated.weights, 1);
  const rightBefore = {
    thought: meanOf(before.filter(thinks), right),
    direct: meanOf(before.filter((answer) => !thinks(answer)), right),
  };
  yield claim(stepsAreBetter, { thinking: meanOf(before, thinks), ...rightBefore });
  yield transcripts(chat, before.slice(0, 6));

  yield heading("Rewards for the sum alone");
  yield say(
    `DeepSeek's R1 and its like learned to think by rewards that a program computes. Here it looks at the number after \`#\` and at nothing else. There are \`${updates}\` updates of ${QUESTIONS} questions with ${GROUP} answers each.`,
  );
  yield code("pipelines/lesson/talks/rewards.ts", "one update");
  const rewarded = yield* reinforce(chat, { weights: imitated.weights, task, updates, lr: RATE });
  const after = await asked(rewarded.weights, 1), greedy = await asked(rewarded.weights, 0);
  yield byUpdate(
    "The length of the answers, which no reward mentions, and the share of right sums.",
    {
      title: "tokens of an answer",
      series: [{ name: "mean", y: rewarded.updates.map(({ length }) => length) }],
    },
    { title: "right sums", series: [{ name: "share", y: rewarded.updates.map(({ reward }) => reward) }] },
  );
  yield claim(lengthGrows, { before: meanOf(before, tokens), after: meanOf(after, tokens) });
  yield claim(thinkingIsFound, {
    before: meanOf(before, thinks),
    after: meanOf(after, thinks),
    ...rightBefore,
  });
  yield claim(moreAreRight, {
    before: meanOf(before, right),
    after: meanOf(after, right),
    greedy: meanOf(greedy, right),
  });
  yield table(
    [`of ${questions} held-out sums`, "right", "with thoughts", "tokens"],
    ([["after solutions", before], ["after rewards", after]] as const).map(([name, answers]) => [
      name,
      percent(meanOf(answers, right)),
      percent(meanOf(answers, thinks)),
      meanOf(answers, tokens).toFixed(1),
    ]),
  );
  yield transcripts(chat, after.slice(0, 6));
  yield say("`--solution E01` puts a price on each token: what is left of the thoughts then?");
}

/** What a token costs in exercise E01, in rewards. */
const PRICE = .03;

/** Exercise E01: each token has a price. */
export async function* priceSolution(
  engine: Engine,
  { seed, steps, updates, questions }: ThinkingSettings,
): AsyncGenerator<Item> {
  const chat = sumChat(engine, seed), task = columnSums();
  const priced: Task = {
    ...task,
    reward: async (item, text) => ({ ...await task.reward(item, text), price: -PRICE * text.length }),
  };
  yield say(
    `The reward is 1 for a right sum, as before, minus \`${PRICE}\` for each character of the answer.`,
  );
  const imitated = yield* imitateSums(chat, { steps, solution: (index) => index % 2 === 0 ? 0 : 1 });
  const outcomeOf = async function* (rewarding: Task) {
    const { weights } = yield* reinforce(chat, {
      weights: imitated.weights,
      task: rewarding,
      updates,
      lr: RATE,
    });
    const answers = await ask(chat, {
      weights,
      task,
      indices: range(heldOutFrom(task), questions),
      temperature: 1,
    });
    yield transcripts(chat, answers.slice(0, 4));
    return { tokens: meanOf(answers, tokens), right: meanOf(answers, right) };
  };
  yield claim(priceShortens, { free: yield* outcomeOf(task), priced: yield* outcomeOf(priced) });
}
