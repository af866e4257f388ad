/**
 * Tests tasks with answers that a program verifies: what they accept, what they hold out, and what they
 * refuse.
 *
 * @module
 */
import { deepEqual, equal, match, ok, rejects, throws } from "node:assert/strict";
import { arithmetic, calculatedOverGuessed } from "../../../../stages/task/verified/arithmetic.ts";
import { countries } from "../../../../stages/task/verified/countries.ts";
import { gsm8k, gsm8kNumber, multipleChoiceTask } from "../../../../stages/task/verified/question_files.ts";
import { spellingBee } from "../../../../stages/task/verified/spelling_bee.ts";
import { checkedTask, TaskTimeoutError } from "../../../../stages/task/verified/checked_task.ts";
import { heldOutFrom, lastNumber, rewardOf } from "../../../../stages/task/verified/task.ts";
import { contentText, isConversation } from "../../../../stages/chat/conversation.ts";
import { beforeDeadline } from "../../../deadline.ts";

Deno.test("heldOutFrom() holds out the last tenth of a fixed number of items, and at least one of two", () => {
  const firsts = [1, 2, 3, 19, 20, 21, 100].map((size) => heldOutFrom({ size }));
  deepEqual(firsts, [1, 1, 2, 18, 18, 19, 90]);
  equal(heldOutFrom({}), 2 ** 30);
});

Deno.test("every solution of a task's items is rewarded, and the same index gives the same item", async () => {
  for (const task of [arithmetic(), await countries(), await spellingBee()]) {
    for (let index = 0; index < 50; index++) {
      const item = await task.item(index), { solutions = [] } = item;
      deepEqual(await task.item(index), item);
      ok(solutions.length > 0, item.id);
      for (const solution of solutions) {
        const text = typeof solution.content === "string" ? solution.content : solution.content.at(-1)!.text;
        deepEqual(await task.reward(item, text), { correct: 1 }, `${task.name} ${item.id}`);
      }
      deepEqual(await task.reward(item, "?"), { correct: 0 }, item.id);
    }
  }
});

Deno.test("a held-out question of a task that makes its items has no index among those trained on", async () => {
  for (const task of [arithmetic(), await spellingBee()]) {
    const first = heldOutFrom(task);
    const idsFrom = (start: number) =>
      Promise.all(Array.from({ length: 3000 }, async (_, i) => (await task.item(start + i)).id));
    const trained = new Set(await idsFrom(0)), held = await idsFrom(first);
    ok(trained.size > 2500 && new Set(held).size > 1500, task.name);
    deepEqual(held.filter((id) => trained.has(id)), [], task.name);
  }
  equal((await countries()).seen, true);
});

Deno.test("calculatedOverGuessed() prefers the call of the calculator to a wrong number", () => {
  for (let index = 0; index < 50; index++) {
    const { chosen, rejected } = calculatedOverGuessed(index),
      { answer, messages } = arithmetic().item(index);
    ok(isConversation(chosen) && isConversation(rejected));
    deepEqual(chosen.messages.slice(0, -1), messages);
    deepEqual(rejected.messages.slice(0, -1), messages);
    const [good, bad] = [chosen, rejected].map((example) => example.messages.at(-1)!);
    ok(Array.isArray(good.content) && good.content[0].type === "python", "it calls");
    ok(contentText(bad) !== answer && /^-?\d+$/.test(contentText(bad)), contentText(bad));
  }
});

Deno.test("arithmetic() asks for the value of its question", async () => {
  for (let index = 0; index < 20; index++) {
    const { id, answer } = await arithmetic().item(index), [, a, of, b] = /^(\d+)([+*-])(\d+)$/.exec(id)!;
    equal(Number(answer), of === "+" ? +a + +b : of === "-" ? +a - +b : +a * +b, id);
  }
});

Deno.test("gsm8k() takes the number after ####, or else the last one", async () => {
  const numbers: readonly [string, number | null][] = [
    ["so #### 1,234.", 1234],
    ["#### $-5", -5],
    ["#### 0.5", 0.5],
    ["####", null],
    ["12", null],
  ];
  for (const [text, number] of numbers) equal(gsm8kNumber(text), number, text);
  equal(lastNumber("1,000 and -2.5."), -2.5);
  equal(lastNumber("none"), null);
  const task = gsm8k([{ id: "1", fields: { question: "q", answer: "He has <<2+3=5>>5. #### 5" } }]);
  const item = await task.item(0),
    rewards = ["#### 5", "it is 5", "#### 6 or 5"].map((text) => task.reward(item, text));
  equal(contentText(item.solutions![0]), "He has 5. #### 5");
  deepEqual(rewards, [{ correct: 1, format: 0.1 }, { correct: 1, format: 0 }, { correct: 0, format: 0.1 }]);
  throws(() => gsm8k([{ id: "7", fields: { question: "q", answer: "5" } }]), /item 7 of gsm8k.*#### NUMBER/);
  throws(() => gsm8k([]), /no items/);
});

Deno.test("multipleChoiceTask() reads ARC's and MMLU's records, and rewards the letter alone", async () => {
  const question = "q", choices = ["x", "y"];
  const records = [
    { id: "a", fields: { question, choices: { text: choices, label: ["1", "2"] }, answerKey: "2" } },
    { id: "m", fields: { question, choices, answer: 1 } },
  ];
  const task = multipleChoiceTask("arc", records);
  for (const index of [0, 1]) {
    const item = await task.item(index);
    equal(item.answer, "B");
    equal(
      contentText(item.messages[0]),
      "Multiple Choice question: q\n- x=A\n- y=B\n\nRespond only with the letter of the correct answer.",
    );
    deepEqual(["B", " B\n", "A", "B."].map((text) => task.reward(item, text)), [
      { correct: 1 },
      { correct: 1 },
      { correct: 0 },
      { correct: 0 },
    ]);
  }
  for (const fields of [{ question, choices, answer: 2 }, { question, answer: 0 }, { choices, answer: 0 }]) {
    throws(() => multipleChoiceTask("mmlu", [{ id: "9", fields }]), /item 9 of mmlu/);
  }
});

Deno.test("multipleChoiceTask() reads answers given as letters", async () => {
  const task = multipleChoiceTask("mmlu", [{
    id: "1",
    fields: { question: "q", choices: ["a", "b"], answer: "B" },
  }]);
  equal((await task.item(0)).answer, "B");
  const outside = { question: "q", choices: ["a", "b"], answer: "C" };
  throws(
    () => multipleChoiceTask("mmlu", [{ id: "1", fields: outside }]),
    /item 1 of mmlu: expected question/,
  );
});

Deno.test("checkedTask() names the task and the item of what is wrong, and takes a number for a reward", async () => {
  const messages = [{ role: "user", content: "q" }];
  // What somebody's file exports has any type.
  const task = (item: any, reward: any = 1) =>
    checkedTask({ name: "own", item: () => item, reward: () => reward });
  const good = { id: 7, messages }, item = await task(good).item(0);
  deepEqual(item, { id: "7", messages, answer: "" });
  deepEqual(await task(good, 0.5).reward(item, ""), { reward: 0.5 });
  deepEqual(await task(good, { a: 1, b: 2 }).reward(item, ""), { a: 1, b: 2 });
  const items: readonly [unknown, RegExp][] = [
    [null, /Cannot use item 3 of the task own: it is null: expected \{ id, messages, answer \}/],
    [{ messages }, /its id is undefined/],
    [{ id: "a" }, /messages is missing: expected a list of messages/],
    [{ id: "a", messages: [{ role: "king", content: "x" }] }, /messages\[0\]\.role is "king"/],
    [{ id: "a", messages, solutions: [5] }, /solutions\[0\] is 5/],
  ];
  for (const [each, why] of items) await rejects(Promise.resolve(task(each).item(3)), why);
  for (const reward of [null, "1", {}, { a: "1" }, [1, null]]) {
    await rejects(
      Promise.resolve(task(good, reward).reward(item, "")),
      /reward an answer to item 7 of the task own: it is .*: expected an object of numbers/,
    );
  }
});

Deno.test("checkedTask() ends item() and reward() that do not answer in time, with the seconds to give", async () => {
  const never = () => new Promise<never>(() => {}), item = { id: "7", messages: [], answer: "" };
  const task = checkedTask({ name: "slow", timeout: 0.02, item: never, reward: never });
  const late = (told: RegExp) => (error: unknown) => {
    match(String(error), told);
    return error instanceof TaskTimeoutError;
  };
  await beforeDeadline(rejects(
    Promise.resolve(task.item(3)),
    late(/item 3 of the task slow: item\(\) took longer than 0.02 s: .* timeout: 0.2$/),
  ));
  await beforeDeadline(rejects(
    Promise.resolve(task.reward(item, "")),
    late(/item 7 of the task slow: reward\(\) took longer than 0.02 s: .* timeout: 0.2$/),
  ));
  const quick = checkedTask({ name: "quick", timeout: 60, item: () => item, reward: () => ({ a: 1 }) });
  deepEqual(await quick.reward(item, ""), { a: 1 });
});

Deno.test("rewardOf() adds the parts, and names the item whose reward is NaN or infinite", () => {
  const of = { task: "t", id: "3" };
  equal(rewardOf({ a: 1, b: -0.5 }, of), 0.5);
  for (const part of [NaN, Infinity]) throws(() => rewardOf({ part }, of), /task t gave item 3 the reward/);
});
