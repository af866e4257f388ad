/** Tests the lesson on hallucination: its groups of countries, its three columns, its sections. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { openEngine } from "../../../../kernels/engine/open.ts";
import {
  capitals,
  dealCountries,
  sentence,
  UNKNOWN,
} from "../../../../pipelines/lesson/hallucination/capitals.ts";
import { contextSolution } from "../../../../pipelines/lesson/hallucination/context_solution.ts";
import { hallucinationSections } from "../../../../pipelines/lesson/hallucination/hallucination_sections.ts";
import { sharesOf } from "../../../../pipelines/lesson/hallucination/honesty.ts";
import { beforeDeadline } from "../../../deadline.ts";
import { claimsOf, itemsOf } from "./talk_lesson.ts";

const { engine } = await openEngine("cpu", { threads: 1 });

Deno.test("dealCountries() deals each country to one group, by the seed; texts name those of two groups", async () => {
  const groups = await dealCountries(1), { asked, told, unknown, unseen } = groups;
  const names = [...asked, ...told, ...unknown, ...unseen].map(({ name }) => name);
  strictEqual(new Set(names).size, names.length);
  deepStrictEqual([told.length, unknown.length, unseen.length, asked.length > 60], [24, 40, 30, true]);
  deepStrictEqual(await dealCountries(1), groups);
  ok((await dealCountries(2)).told.some(({ name }, i) => name !== told[i].name));
  for (let index = 0; index < 200; index++) {
    const text = JSON.stringify(sentence(told, index));
    ok(told.some(({ name, capital }) => text.includes(name) && text.includes(capital)), text);
  }
});

Deno.test("the reward of a capital has three parts, which add up to 1", async () => {
  const task = capitals((await dealCountries(1)).asked), item = await task.item(0);
  const parts = await Promise.all([item.answer, UNKNOWN, "Atlantis."].map((text) => task.reward(item, text)));
  deepStrictEqual(
    parts,
    [[1, 0, 0], [0, 0, 1], [0, 1, 0]].map(([right, wrong, unknown]) => ({ right, wrong, unknown })),
  );
  const shares = sharesOf(parts.map((parts) => ({ parts })));
  ok(Math.abs(shares.right + shares.wrong + shares.unknown - 1) < 1e-12 && shares.right === shares.wrong);
});

Deno.test("hallucination, after two updates: every item can be shown, and every claim is made", async () => {
  const settings = { seed: 1, texts: 2, answers: 2, refusals: 2, seeds: 1 };
  strictEqual(
    claimsOf(await beforeDeadline(itemsOf(hallucinationSections(engine, settings)), 300_000)).length,
    5,
  );
  strictEqual(
    claimsOf(await beforeDeadline(itemsOf(contextSolution(engine, { seed: 1, steps: 2 })), 120_000)).length,
    1,
  );
});
