/** Tests the lesson on the chat format: its losses by writer, and its sections at short lengths. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { openEngine } from "../../../../kernels/engine/open.ts";
import { initialWeights } from "../../../../kernels/models/model.ts";
import {
  chatmlSolution,
  formatSections,
  maskSections,
} from "../../../../pipelines/lesson/chat_format/chat_format_sections.ts";
import { lossesByWriter } from "../../../../pipelines/lesson/chat_format/losses.ts";
import { outcomeOf } from "../../../../pipelines/lesson/item.ts";
import { smallChat } from "../../../../pipelines/lesson/talks/small_chat.ts";
import { openModel } from "../../../../stages/model/model_session.ts";
import { plan } from "../../../../stages/model/plan.ts";
import { beforeDeadline } from "../../../deadline.ts";
import { claimsOf, itemsOf } from "./talk_lesson.ts";

const { engine } = await openEngine("cpu", { threads: 1 });

Deno.test("lossesByWriter() takes the mean over the tokens of each writer, and none of the padding", async () => {
  const chat = smallChat({ layers: 1, heads: 1, channels: 8, seqLen: 24 }, { engine, seed: 2 });
  const weights = initialWeights(chat.model, 2);
  const conversations = ["Hello", "A?"].map((content, i) => ({
    id: content,
    messages: [{ role: "user" as const, content }, { role: "assistant" as const, content: "yes".slice(i) }],
  }));
  const found = await lossesByWriter(chat, { weights, conversations });
  await using session = await openModel(engine, {
    plan: plan({ model: chat.model, evaluation: { batch: 1, seqLen: 24 } }),
    weights,
  });
  const losses: [number[], number[]] = [[], []];
  for (const conversation of conversations) {
    const { ids, weights: mask } = chat.template.render(conversation);
    const inputs = new Uint32Array(24), targets = new Uint32Array(24);
    inputs.set(ids.subarray(0, -1));
    targets.set(ids.subarray(1));
    const own = await session.losses(inputs, targets);
    for (let t = 1; t < ids.length; t++) losses[mask[t]].push(own[t - 1]);
  }
  const [questions, answers] = losses.map((all) => all.reduce((a, b) => a + b) / all.length);
  deepStrictEqual(losses.map((all) => all.length), [2 * 3 + 7, 4 + 3]);
  ok(Math.abs(found.questions - questions) < 1e-5 && Math.abs(found.answers - answers) < 1e-5);
});

Deno.test("the chat format: nanochat's mask is the published one, and both formats train on the answer", async () => {
  const items = await itemsOf(formatSections()), checks = items.filter((item) => item.kind === "check");
  deepStrictEqual(checks.map(outcomeOf), ["same"]);
  deepStrictEqual(claimsOf(items).map(({ holds }) => holds), [true]);
  deepStrictEqual(claimsOf(await itemsOf(chatmlSolution())).map(({ holds }) => holds), [true]);
});

Deno.test("three masks after two updates: every item can be shown, and every claim is made", async () => {
  const items = await beforeDeadline(
    itemsOf(maskSections(engine, { seed: 1, steps: 2, questions: 4 })),
    120_000,
  );
  strictEqual(claimsOf(items).length, 3);
});
