/** Runs the lessons on talks at short lengths: every sentence follows the values, whatever they are. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { openEngine } from "../../../../kernels/engine/open.ts";
import { collapseSections, noiseSolution } from "../../../../pipelines/lesson/collapse/collapse_sections.ts";
import { guarded } from "../../../../pipelines/lesson/collapse/guarded.ts";
import {
  hackingSections,
  secondJudgeSolution,
} from "../../../../pipelines/lesson/hacking/hacking_sections.ts";
import { judged, openJudge } from "../../../../pipelines/lesson/hacking/judge.ts";
import { initialWeights } from "../../../../kernels/models/model.ts";
import { openModel } from "../../../../stages/model/model_session.ts";
import { plan } from "../../../../stages/model/plan.ts";
import { smallChat } from "../../../../pipelines/lesson/talks/small_chat.ts";
import { products } from "../../../../pipelines/lesson/tools/products.ts";
import {
  asksForProduct,
  noToolSolution,
  toolsSections,
} from "../../../../pipelines/lesson/tools/tools_sections.ts";
import { columnsOf, columnSums } from "../../../../pipelines/lesson/thinking/column_sums.ts";
import { priceSolution, thinkingSections } from "../../../../pipelines/lesson/thinking/thinking_sections.ts";
import { beforeDeadline } from "../../../deadline.ts";
import { claimsOf, itemsOf, resultOf } from "./talk_lesson.ts";

const { engine } = await openEngine("cpu", { threads: 1 });
const short = { seed: 1, steps: 2, updates: 2, questions: 4 };
const judging = { ...short, judging: 2, examples: 4 };

/** The sections of each lesson and of its solutions, and the number of their claims. */
const sections = {
  "tools": [() => toolsSections(engine, short), 4],
  "tools E01": [() => noToolSolution(engine, short), 1],
  "thinking": [() => thinkingSections(engine, short), 4],
  "thinking E01": [() => priceSolution(engine, short), 1],
  "policy-collapse": [() => collapseSections(engine, short), 4],
  "policy-collapse E01": [() => noiseSolution(engine, short), 1],
  "reward-hacking": [() => hackingSections(engine, judging), 5],
  "reward-hacking E01": [() => secondJudgeSolution(engine, judging), 1],
} as const;

for (const [name, [run, claims]] of Object.entries(sections)) {
  Deno.test(`${name}, after two updates: every item can be shown, and every claim is made`, async () => {
    const items = await beforeDeadline(itemsOf(run()), 120_000);
    ok(claimsOf(items).length === claims, `${claimsOf(items).length} claims`);
  });
}

Deno.test("columnsOf() adds from the last column on; a reward is for the number after the sign", () => {
  deepStrictEqual(columnsOf(578, 456), "8+6+0=14;7+5+1=13;5+4+1=10");
  deepStrictEqual(columnsOf(100, 101), "0+1+0=01;0+0+0=00;1+1+0=02");
  const task = columnSums(), item = task.item(3), { answer } = item;
  const rewards = [`#${answer}`, `1+2#${answer}`, answer, `#${answer}0`, "#"].map((text) =>
    task.reward(item, text)
  );
  deepStrictEqual(rewards, [1, 1, 0, 0, 0].map((correct) => ({ correct })));
});

const size = { layers: 1, heads: 1, channels: 8, seqLen: 40 };

Deno.test("asksForProduct() compares the last call with the question", () => {
  const chat = smallChat(size, { engine, seed: 5 }), item = products().item(2);
  const asks = (...calls: readonly string[]) => {
    const content = calls.map((text) => ({ type: "python" as const, text }));
    const messages = [...item.messages, { role: "assistant" as const, content }];
    return asksForProduct(chat, { item, ids: [...chat.template.render({ id: "calls", messages }).ids] });
  };
  deepStrictEqual([asks(), asks(item.id), asks(`${item.id}1`)], [false, true, false]);
  deepStrictEqual([asks("1*1", item.id), asks(item.id, "1*1")], [true, false]);
});

Deno.test("Judge.score() is the probability of the judgement, whatever is judged at the same moment", async () => {
  const chat = smallChat(size, { engine, seed: 5 }), weights = initialWeights(chat.model, 5);
  await using judge = await openJudge(chat, weights);
  const answers = Array.from({ length: 70 }, (_, i) => `answer ${i}`); // more than a batch
  const scores = await Promise.all(answers.map((answer) => judge.score("1+1", answer)));
  await using session = await openModel(engine, {
    plan: plan({ model: chat.model, sampling: true }),
    weights,
  });
  for (const i of [0, 63, 64, 69]) {
    const { ids } = chat.template.render(judged("1+1", answers[i], "y"));
    const logits = await session.logits(ids.subarray(0, -2)), y = ids[ids.length - 2];
    const sum = logits.reduce((total, logit) => total + Math.exp(logit - logits[y]), 0);
    ok(Math.abs(scores[i] - 1 / sum) < 1e-5, `${scores[i]} ${1 / sum}`);
  }
  strictEqual(await judge.score("1+1", "long ".repeat(20)), 0);
});

Deno.test("guarded() goes back when rewards collapse, at a third of the rate, and makes all its updates", async () => {
  const chat = smallChat(size, { engine, seed: 5 }), weights = initialWeights(chat.model, 5);
  let answered = 0;
  // All answers to the first three updates are good, and none is later.
  const task = { ...columnSums(), reward: () => ({ good: Number(answered++ < 3 * 64) }) };
  const run = await resultOf(guarded(chat, { weights, task, updates: 14, lr: 3e-3, best: 1 }));
  deepStrictEqual(run.rewards, [1, 1, 1, ...Array(11).fill(0)]);
  strictEqual(run.rollbacks.length, 1);
  match(
    run.rollbacks[0],
    /^update 10: .* 0\.300, .* 1\.000; back to the weights of update 2, on at the rate 0\.0010$/,
  );
});
