/** Runs the lessons on talks with other seeds than their own, at their default lengths. */
import { deepStrictEqual } from "node:assert/strict";
import type { LessonPipeline } from "../../../../pipelines/lesson/lesson.ts";
import { withFolder } from "../../../temporary.ts";
import { runLesson } from "../run_lesson.ts";

/** Names of the lessons, with the claims that do not hold with every seed, by seed. */
const lessons: Readonly<Record<string, Readonly<Record<number, readonly string[]>>>> = {
  "two-files": {},
  "chat-format": {},
  "tools": {},
  "thinking": {},
  "policy-collapse": {},
  "reward-hacking": {},
  "images": {},
  "llm-security": {},
};

for (const [name, exceptions] of Object.entries(lessons)) {
  for (const seed of [2, 3]) {
    Deno.test(`${name} with seed ${seed}: no value differs, and its claims hold`, () =>
      withFolder(async (out) => {
        const file = `../../../../pipelines/${name.replaceAll("-", "_")}.ts`;
        const { default: lesson }: { default: LessonPipeline } = await import(file);
        const { items, outcomes } = await runLesson(lesson, { out, values: { seed } });
        deepStrictEqual(outcomes.filter((outcome) => outcome.endsWith(": differs")), []);
        const failed = items.flatMap((item) => item.kind === "claim" && !item.holds ? [item.name] : []);
        deepStrictEqual(failed, exceptions[seed] ?? []);
      }));
  }
}
