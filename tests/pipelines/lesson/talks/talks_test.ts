/** Runs the lessons on talks at short lengths: every sentence follows the values, whatever they are. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { openEngine } from "../../../../kernels/engine/open.ts";
import { noToolSolution, toolsSections } from "../../../../pipelines/lesson/tools/tools_sections.ts";
import { columnsOf, columnSums } from "../../../../pipelines/lesson/thinking/column_sums.ts";
import { priceSolution, thinkingSections } from "../../../../pipelines/lesson/thinking/thinking_sections.ts";
import { beforeDeadline } from "../../../deadline.ts";
import { claimsOf, itemsOf } from "./talk_lesson.ts";

const { engine } = await openEngine("cpu", { threads: 1 });
const short = { seed: 1, steps: 2, updates: 2, questions: 4 };

/** The sections of each lesson and of its solutions, and the number of their claims. */
const sections = {
  "tools": [() => toolsSections(engine, short), 4],
  "tools E01": [() => noToolSolution(engine, short), 1],
  "thinking": [() => thinkingSections(engine, short), 4],
  "thinking E01": [() => priceSolution(engine, short), 1],
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
