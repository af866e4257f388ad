/**
 * Runs every lesson as it is without options: what it claims must show at the default length and on the
 * installed data, and its page must be readable.
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import type { LessonPipeline } from "../../../pipelines/lesson/lesson.ts";
import { lessonPage } from "../../../pipelines/lesson/page.ts";
import { browser } from "../../browser.ts";
import { withFolder } from "../../temporary.ts";
import { checkPages } from "./check_page.ts";
import { runLesson } from "./run_lesson.ts";

/** Names of the lessons, as they are typed, and the least number of their claims. */
const lessons: readonly (readonly [name: string, claims: number])[] = [
  ["micrograd", 7],
  ["makemore-bigram", 6],
  ["makemore-mlp", 8],
  ["makemore-batchnorm", 14],
  ["makemore-backprop", 5],
  ["makemore-wavenet", 7],
  ["shakespeare", 13],
  ["tokenizer-lesson", 11],
  ["makemore", 3],
  ["two-files", 4],
  ["chat-format", 4],
  ["hallucination", 5],
  ["tools", 4],
  ["thinking", 4],
  ["policy-collapse", 4],
  ["reward-hacking", 5],
  ["images", 4],
  ["llm-security", 6],
];

for (const [name, count] of lessons) {
  Deno.test({
    name: `${name} without options: no value differs, all claims hold, and the page is readable`,
    ignore: browser === null && Deno.env.get("CI") !== "true",
    sanitizeOps: false, // the browser's pipes
    sanitizeResources: false,
    fn: () =>
      withFolder(async (out) => {
        const file = `../../../pipelines/${name.replaceAll("-", "_")}.ts`;
        const { default: lesson }: { default: LessonPipeline } = await import(file);
        const { items, outcomes } = await runLesson(lesson, { out });
        deepStrictEqual(outcomes.filter((outcome) => outcome.endsWith(": differs")), []);
        const claims = items.filter((item) => item.kind === "claim");
        deepStrictEqual(claims.filter(({ holds }) => !holds), []);
        ok(claims.length >= count, `${claims.length} claims`);
        await checkPages({ [name]: await lessonPage({ title: name, items, options: [] }) });
      }),
  });
}
