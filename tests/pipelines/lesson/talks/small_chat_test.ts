/** Tests what the lessons on talks share: small models that imitate and learn from rewards. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { openEngine } from "../../../../kernels/engine/open.ts";
import { maskTable, transcripts } from "../../../../pipelines/lesson/talks/answer_items.ts";
import { reinforce } from "../../../../pipelines/lesson/talks/rewards.ts";
import { imitate, range, smallChat } from "../../../../pipelines/lesson/talks/small_chat.ts";
import { products } from "../../../../pipelines/lesson/tools/products.ts";
import { nanochatTokens } from "../../../../stages/chat/template/nanochat.ts";
import { heldOutFrom } from "../../../../stages/task/verified/task.ts";
import { CharTokenizer } from "../../../../stages/token/char.ts";
import { calculator } from "../../../../stages/tool/calculator.ts";
import { Toolbox } from "../../../../stages/tool/toolbox.ts";
import { resultOf } from "./talk_lesson.ts";

const { engine } = await openEngine("cpu", { threads: 1 });
const tokenizer = new CharTokenizer([..."0123456789*=?"], nanochatTokens), task = products();
const size = { layers: 1, heads: 2, channels: 16, seqLen: 36 };

/** A model of one narrow block, and its training on calls of the calculator. */
async function caller(steps: number, seed = 1) {
  const chat = smallChat(size, { engine, seed, tokenizer });
  const trained = await resultOf(imitate(chat, {
    what: "calls",
    steps,
    batch: 8,
    lr: 4e-3,
    example(index) {
      const { id, messages, solutions = [] } = task.item(index);
      return { id, messages: [...messages, solutions[1]] };
    },
  }));
  return { chat, ...trained };
}

Deno.test("imitate() makes the updates it is asked for, the same each time, and lowers the loss", async () => {
  const [one, other] = [await caller(30), await caller(30)];
  strictEqual(one.losses.length, 30);
  deepStrictEqual(one.losses, other.losses);
  ok(one.losses[29] < one.losses[0] - .5, `${one.losses}`);
  deepStrictEqual(one.weights, other.weights);
});

Deno.test("reinforce() returns answers and weights of each update; watch() ends it before the update", async () => {
  const { chat, weights } = await caller(2), toolbox = new Toolbox([calculator()], chat);
  const learned = { weights, task, updates: 3, lr: 1e-3, toolbox };
  // Rewards for long answers: those of a raw model differ, so that each update changes the weights.
  const long = { ...task, reward: (_: unknown, text: string) => ({ length: text.length }) };
  const whole = await resultOf(reinforce(chat, { ...learned, task: long }));
  deepStrictEqual([whole.updates.length, whole.history.length], [3, 4]);
  strictEqual(whole.history[0], weights);
  strictEqual(whole.weights, whole.history[3]);
  ok(whole.weights["wte.weight"].data.some((value, i) => value !== weights["wte.weight"].data[i]));
  const seen: number[] = [];
  const watch = (_: unknown, number: number) => seen.push(number) === 2;
  const ended = await resultOf(reinforce(chat, { ...learned, task: long, watch }));
  deepStrictEqual([seen, ended.updates.length, ended.history.length], [[0, 1], 2, 2]);
  deepStrictEqual(ended.weights, whole.history[1]);
});

Deno.test("products are of two digits, and held-out ones are never trained on; transcripts shorten calls", () => {
  const trained = new Set(range(0, 3000).map((index) => task.item(index).id));
  for (const index of range(heldOutFrom(task), 200)) {
    const { id, answer } = task.item(index), [a, b] = id.split("*").map(Number);
    deepStrictEqual([a * b, trained.has(id), a > 9 && a < 100], [Number(answer), false, true]);
  }
  deepStrictEqual(task.reward(task.item(0), task.item(0).answer), { correct: 1 });
  deepStrictEqual(task.reward(task.item(0), ""), { correct: 0 });
  const item = task.item(0),
    { id, answer, solutions = [] } = item,
    chat = smallChat(size, { engine, seed: 1, tokenizer });
  const { ids } = chat.template.render({ id, messages: [...item.messages, solutions[1]] });
  const answered = [...ids.subarray(chat.template.prompt(item).length)];
  deepStrictEqual(transcripts(chat, [{ item, ids: answered, reward: 1 }]), {
    kind: "lines",
    lines: [`${id}: call(${id}) → ${answer}, ${answer} (reward 1)`],
  });
});

Deno.test("maskTable() divides an example by who has written it", () => {
  const chat = smallChat(size, { engine, seed: 1, tokenizer }),
    { id, messages, solutions = [], answer } = task.item(0);
  const shown = maskTable(chat, { id, messages: [...messages, solutions[1]] });
  deepStrictEqual(shown.kind === "table" && shown.rows, [
    [`<|bos|><|user_start|>${id}=?<|user_end|><|assistant_start|>`, "the program and the user", "no"],
    [`<|python_start|>${id}<|python_end|>`, "the model", "yes"],
    [`<|output_start|>${answer}<|output_end|>`, "the tool", "no"],
    [`${answer}<|assistant_end|>`, "the model", "yes"],
  ]);
});
