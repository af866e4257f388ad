/** Runs the lessons on talks with another seed than their own, at their default lengths. */
import { deepStrictEqual } from "node:assert/strict";
import type { LessonPipeline } from "../../../../pipelines/lesson/lesson.ts";
import { runLesson } from "../run_lesson.ts";

const lessons = [
  "two-files",
  "chat-format",
  "tools",
  "thinking",
  "policy-collapse",
  "reward-hacking",
  "images",
  "llm-security",
];

for (const name of lessons) {
  Deno.test(`${name} with seed 2: no value differs, and its claims hold`, async () => {
    const file = `../../../../pipelines/${name.replaceAll("-", "_")}.ts`;
    const { default: lesson }: { default: LessonPipeline } = await import(file);
    const { items, outcomes } = await runLesson(lesson, { values: { seed: 2 } });
    deepStrictEqual(outcomes.filter((outcome) => outcome.endsWith(": differs")), []);
    deepStrictEqual(items.flatMap((item) => item.kind === "claim" && !item.holds ? [item.name] : []), []);
  });
}
