/**
 * The sections of the lesson on tools.
 *
 * @module
 */
import type { Engine } from "../../../kernels/engine/engine.ts";
import { nanochatTokens } from "../../../stages/chat/template/nanochat.ts";
import type { Answer } from "../../../stages/rl/answer_questions.ts";
import { CharTokenizer } from "../../../stages/token/char.ts";
import { calculator } from "../../../stages/tool/calculator.ts";
import { Toolbox } from "../../../stages/tool/toolbox.ts";
import { claim } from "../claim.ts";
import { code, heading, type Item, say, table } from "../item.ts";
import { byUpdate, maskTable, percent, transcripts } from "../talks/answer_items.ts";
import { GROUP, QUESTIONS, reinforce } from "../talks/rewards.ts";
import { ask, imitate, meanOf, range, type SmallChat, smallChat } from "../talks/small_chat.ts";
import { heldOutFrom } from "../../../stages/task/verified/task.ts";
import { products } from "./products.ts";
import {
  answersGetLonger,
  calculatorIsRight,
  callsAreFound,
  noToolNoGain,
  rewardsHelp,
} from "./tools_claims.ts";

/** Lengths of the experiment. */
export interface ToolsLength {
  /** Updates in which the model imitates solutions. */
  readonly steps: number;
  /** Updates from rewards. */
  readonly updates: number;
  /** Held-out products in a test. */
  readonly questions: number;
}

/** The model: two blocks, and the characters of products alone. */
function productChat(engine: Engine, seed: number) {
  const tokenizer = new CharTokenizer([..."0123456789*=?"], nanochatTokens);
  return smallChat({ layers: 2, heads: 4, channels: 64, seqLen: 36 }, { engine, seed, tokenizer });
}

/** Returns whether the last call of an answer is for the product that was asked for. */
export function asksForProduct(
  { tokenizer }: Pick<SmallChat, "tokenizer">,
  { item, ids }: Pick<Answer, "item" | "ids">,
): boolean {
  const calls = [...tokenizer.decode(ids).matchAll(/<\|python_start\|>([^<]*)<\|python_end\|>/g)];
  return calls.length > 0 && calls[calls.length - 1][1] === item.id;
}

/** A model learns two ways to answer, and then by rewards which one is good. */
export async function* toolsSections(
  engine: Engine,
  { seed, steps, updates, questions }: ToolsLength & { readonly seed: number },
): AsyncGenerator<Item> {
  const chat = productChat(engine, seed), task = products(), heldOut = range(heldOutFrom(task), questions);
  const toolbox = new Toolbox([calculator()], chat);
  const asked = async (weights: Parameters<typeof ask>[1]["weights"]) => {
    const drawn = await ask(chat, { weights, task, indices: heldOut, temperature: 1, toolbox });
    const greedy = await ask(chat, { weights, task, indices: heldOut, toolbox });
    return { drawn, greedy };
  };
  const right = ({ reward }: Answer) => reward, called = ({ calls }: Answer) => calls > 0;

  yield heading("Two ways to answer");
  yield say(
    "A language model computes the same amount for each token, and the product of two numbers in one go is more than a small model can. A tool gives it another way: it writes a call, the program stops sampling, runs the call, and puts the result into the text as tokens that the model reads like its own. Of such an example, the model is trained on its own tokens alone: it learns to write a call and to copy a result, but never to invent the result.",
  );
  yield code("pipelines/lesson/tools/products.ts", "productOf");
  const { id, messages, solutions: [, call] = [] } = task.item(0);
  yield maskTable(chat, { id, messages: [...messages, call] });
  yield say(
    `The model imitates ${
      (64 * steps).toLocaleString("en-US")
    } such examples in \`${steps}\` updates. Half of them guess and half of them call, so that it can do both and prefers neither.`,
  );
  const imitated = yield* imitate(chat, {
    what: "solutions",
    steps,
    lr: 4e-3,
    example: (index) => {
      const { id, messages, solutions = [] } = task.item(index);
      return { id, messages: [...messages, solutions[index % 2]] };
    },
  });
  const before = await asked(imitated.weights);
  const guessed = (answer: Answer) => !called(answer);
  yield claim(calculatorIsRight, {
    calls: meanOf(before.drawn, called),
    called: meanOf(before.drawn.filter(called), right),
    guessed: meanOf(before.drawn.filter(guessed), right),
  });
  yield transcripts(chat, before.drawn.slice(0, 6));

  yield heading("Rewards choose one");
  yield say(
    `Now nobody shows solutions any more. In each of \`${updates}\` updates the model gives ${GROUP} answers to each of ${QUESTIONS} questions, at temperature 1. A program compares the last number with the product: reward 1 or 0. Answers with more than the mean reward of their question become likelier, the others less likely.`,
  );
  yield code("pipelines/lesson/talks/rewards.ts", "one update");
  const rewarded = yield* reinforce(chat, { weights: imitated.weights, task, updates, lr: 3e-4, toolbox });
  const after = await asked(rewarded.weights), curves = rewarded.updates;
  yield byUpdate(
    "The shares of right answers and of answers with a call, and the length of the answers.",
    {
      title: "shares of answers",
      series: [
        { name: "right", y: curves.map(({ reward }) => reward) },
        { name: "calls of the calculator", y: curves.map(({ toolCalls }) => toolCalls) },
      ],
    },
    { title: "tokens of an answer", series: [{ name: "mean", y: curves.map(({ length }) => length) }] },
  );
  yield claim(callsAreFound, { before: meanOf(before.drawn, called), after: meanOf(after.drawn, called) });
  const wrong = after.drawn.filter(({ reward }) => reward === 0), wrongCalls = wrong.filter(called);
  const otherCalls = wrongCalls.filter((answer) => !asksForProduct(chat, answer)).length;
  yield claim(rewardsHelp, {
    before: meanOf(before.drawn, right),
    after: meanOf(after.drawn, right),
    greedy: meanOf(after.greedy, right),
    wrong: {
      guesses: wrong.length - wrongCalls.length,
      otherCalls,
      otherEnds: wrongCalls.length - otherCalls,
    },
  });
  const length = ({ ids }: Answer) => ids.length;
  yield claim(answersGetLonger, {
    before: meanOf(before.drawn, length),
    after: meanOf(after.drawn, length),
    called: meanOf(before.drawn.filter(called), length),
    guessed: meanOf(before.drawn.filter(guessed), length),
  });
  yield table(
    [`of ${questions} held-out products`, "right, sampled", "right, likeliest token", "calls", "tokens"],
    ([["after solutions", before], ["after rewards", after]] as const).map(([name, { drawn, greedy }]) => [
      name,
      percent(meanOf(drawn, right)),
      percent(meanOf(greedy, right)),
      percent(meanOf(drawn, called)),
      meanOf(drawn, length).toFixed(1),
    ]),
  );
  yield transcripts(chat, after.drawn.slice(0, 6));
}

/** Exercise E01: the same rewards for a model that has no calculator. */
export async function* noToolSolution(
  engine: Engine,
  { seed, steps, updates, questions }: ToolsLength & { readonly seed: number },
): AsyncGenerator<Item> {
  const chat = productChat(engine, seed), task = products(), heldOut = range(heldOutFrom(task), questions);
  yield say(
    `All examples guess now. The rewards are the same; but where none of a question's ${GROUP} answers is right, there is nothing to prefer.`,
  );
  const imitated = yield* imitate(chat, {
    what: "guesses",
    steps,
    lr: 4e-3,
    example: (index) => {
      const { id, messages, solutions = [] } = task.item(index);
      return { id, messages: [...messages, solutions[0]] };
    },
  });
  const asked = { task, indices: heldOut, temperature: 1 };
  const before = await ask(chat, { ...asked, weights: imitated.weights });
  const rewarded = yield* reinforce(chat, { weights: imitated.weights, task, updates, lr: 3e-4 });
  const after = await ask(chat, { ...asked, weights: rewarded.weights });
  yield claim(noToolNoGain, {
    before: meanOf(before, ({ reward }) => reward),
    after: meanOf(after, ({ reward }) => reward),
  });
  yield transcripts(chat, after.slice(0, 5));
}
