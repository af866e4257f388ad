import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { asSource } from "../../../stages/flow/as_source.ts";
import { from } from "../../../stages/flow/flow.ts";
import { isDue, periodic } from "../../../stages/flow/periodic.ts";

interface Item {
  readonly step: number;
  readonly last: boolean;
}

/** The steps on which the stage acts, and the steps that it passes on, for items of steps 1 to `steps`. */
async function run(
  every: number,
  { steps, goal = steps, repeatsLast = false }: { steps: number; goal?: number; repeatsLast?: boolean },
): Promise<{ acted: Item[]; passed: number[] }> {
  const acted: Item[] = [], passed: number[] = [];
  const stage = periodic<Item, { actedOn: number }, { actedOn: number }>("every", {
    every,
    open: (saved) => saved ?? { actedOn: -1 },
    repeatsLast: () => repeatsLast,
    act: (item) => (acted.push(item), Promise.resolve()),
    save: ({ actedOn }) => ({ actedOn }),
  });
  const items = Array.from({ length: steps }, (_, i) => ({ step: i + 1, last: i + 1 === goal }));
  await from(asSource("items", () => items)).pipe(stage)
    .pipe({ name: "out", open: () => null, push: (item: Item) => (passed.push(item.step), []) }).run();
  return { acted, passed };
}

Deno.test("isDue() is true on each Nth step and on the last one, never with 0", () => {
  const due = (every: number) =>
    [1, 2, 3, 4, 5, 6, 7].filter((step) => isDue({ step, last: step === 7 }, { every }));
  deepStrictEqual([due(0), due(1), due(3), due(10)], [[], [1, 2, 3, 4, 5, 6, 7], [3, 6, 7], [7]]);
});

Deno.test("periodic() acts before it passes an item on, on each Nth step and once on the last", async () => {
  for (const [every, steps] of [[0, []], [1, [1, 2, 3, 4]], [2, [2, 4]], [3, [3, 4]]] as const) {
    const { acted, passed } = await run(every, { steps: 4 });
    deepStrictEqual(acted.map(({ step }) => step), steps, `every ${every}`);
    deepStrictEqual(passed, [1, 2, 3, 4]);
  }
});

Deno.test("periodic() acts on the latest item if the input ends before the last step, marked as the last", async () => {
  for (const [every, steps] of [[0, []], [1, [1, 2, 3, 4]], [2, [2, 4]], [3, [3, 4]], [9, [4]]] as const) {
    const { acted } = await run(every, { steps: 4, goal: 100 });
    deepStrictEqual(acted.map(({ step }) => step), steps, `every ${every}`);
    strictEqual(acted.at(-1)?.last ?? false, every === 3 || every === 9, `every ${every}`);
    const repeating = await run(every, { steps: 4, goal: 100, repeatsLast: true });
    strictEqual(repeating.acted.at(-1)?.last, every === 0 ? undefined : true);
  }
  deepStrictEqual((await run(2, { steps: 0 })).acted, []);
});
