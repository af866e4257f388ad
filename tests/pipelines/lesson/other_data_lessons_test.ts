/** Runs the lessons that read names or text on Chinese names and text, in short runs. */
import { deepStrictEqual, ok } from "node:assert/strict";
import stringWidth from "string-width";
import type { LessonPipeline } from "../../../pipelines/lesson/lesson.ts";
import { withFolder } from "../../temporary.ts";
import { chineseNames, chineseText } from "./other_data.ts";
import { runLesson } from "./run_lesson.ts";

const names = chineseNames(1500).join("\n"), text = chineseText(4000);

/** Lessons, their data, and options that make a run short. */
const runs: readonly (readonly [name: string, data: string, values: Readonly<Record<string, unknown>>])[] = [
  ["makemore-bigram", names, {}],
  ["makemore-mlp", names, { steps: 2000 }],
  ["makemore-batchnorm", names, { steps: 500 }],
  ["makemore-backprop", names, { steps: 500 }],
  ["makemore-wavenet", names, { steps: 500 }],
  ["makemore", names, { maxSteps: 100 }],
  ["tokenizer-lesson", text, {}],
  ["shakespeare", text, {}], // it has no option for its length
];

for (const [name, data, values] of runs) {
  Deno.test(`${name} runs on Chinese ${data === names ? "names" : "text"}, and tells what holds there`, () =>
    withFolder(async (folder) => {
      const source = `${folder}/data.txt`;
      await Deno.writeTextFile(source, data);
      const file = `../../../pipelines/${name.replaceAll("-", "_")}.ts`;
      const { default: lesson }: { default: LessonPipeline } = await import(file);
      const run = await runLesson(lesson, { source, values, out: folder });
      deepStrictEqual(run.outcomes.filter((outcome) => outcome.endsWith(": differs")), []);
      const claims = run.items.filter((item) => item.kind === "claim");
      ok(
        claims.length > 0 && claims.every(({ text }) => !/NaN|undefined/.test(text)),
        JSON.stringify(claims),
      );
      deepStrictEqual(run.text.match(/because\s+of\s+other\s+data/g)?.length, 1, "told once");
      const code = /^ *(Code:|https:)/; // paths are not broken
      for (const line of run.text.split("\n")) ok(stringWidth(line) < 100 || code.test(line), line);
    }));
}
