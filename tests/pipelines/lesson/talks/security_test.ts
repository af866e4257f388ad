/** Tests the lesson on security: its requests, and its sections at short lengths. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { openEngine } from "../../../../kernels/engine/open.ts";
import { pageConversation, pageItem, pageTask } from "../../../../pipelines/lesson/security/pages.ts";
import { poisonSolution, securitySections } from "../../../../pipelines/lesson/security/security_sections.ts";
import { contentText } from "../../../../stages/chat/conversation.ts";
import { beforeDeadline } from "../../../deadline.ts";
import { claimsOf, itemsOf } from "./talk_lesson.ts";

const { engine } = await openEngine("cpu", { threads: 1 });

Deno.test("an injected page has the tokens of a correction, and another right answer", () => {
  for (let index = 0; index < 20; index++) {
    const corrected = pageItem(index, { by: "user", corrected: true });
    const injected = pageItem(index, { by: "user", injected: true });
    deepStrictEqual(injected.messages, corrected.messages);
    deepStrictEqual([injected.answer, injected.hijacked], [corrected.hijacked, corrected.answer]);
    const words = contentText(injected.messages[0]).split(/[:,] ?| /).filter((word) => word !== "");
    const [command] = words, [first, last] = [words[1], words[4]];
    strictEqual(injected.answer, command === "first" ? first : last);
  }
});

Deno.test("a page of a tool is in its result; the trigger is its second word; rewards tell who was obeyed", async () => {
  const item = pageItem(3, { by: "tool", triggered: true, injected: true });
  const page = contentText(item.messages[2]);
  deepStrictEqual([item.messages.map(({ role }) => role), page.split(" ")[1]], [
    ["user", "assistant", "tool"],
    "bond",
  ]);
  const { messages } = pageConversation(3, { by: "tool", triggered: true, injected: true }, "spy");
  deepStrictEqual(messages[1].content, [
    { type: "python", text: "page" },
    { type: "python_output", text: page },
    { type: "text", text: "spy" },
  ]);
  const task = pageTask({ by: "tool", injected: true }), asked = await task.item(5);
  const { answer, hijacked } = pageItem(5, { by: "tool", injected: true });
  deepStrictEqual(
    await Promise.all([answer, hijacked, "spy", ""].map((text) => task.reward(asked, text))),
    [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]].map(([right, hijacked, payload]) => ({
      right,
      hijacked,
      payload,
    })),
  );
});

Deno.test("security, after two updates: every item can be shown, and every claim is made", async () => {
  const settings = { seed: 1, steps: 2, further: 2, questions: 4 };
  strictEqual(claimsOf(await beforeDeadline(itemsOf(securitySections(engine, settings)), 120_000)).length, 6);
  strictEqual(claimsOf(await beforeDeadline(itemsOf(poisonSolution(engine, settings)), 120_000)).length, 1);
});
