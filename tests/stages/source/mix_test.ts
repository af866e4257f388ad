import type { Source } from "../../../stages/flow/stage.ts";
import { mix } from "../../../stages/source/mix.ts";
import { equal, read, resumesAnywhere } from "./source_checks.ts";

function letters(name: string, count: number): Source<string, { next: number }> {
  return {
    name,
    open: (_ctx, saved = { next: 0 }) => ({ ...saved }),
    *read(state) {
      while (state.next < count) yield `${name}${state.next++}`;
    },
  };
}

Deno.test("mix() yields all items of every part in the part's order, also when resumed after any item", async () => {
  for (const sizes of [[5, 20], [1, 3], [0, 0]]) { // exact, too small, no estimate at all
    const make = () =>
      mix("m", [{ source: letters("a", 5), size: sizes[0] }, { source: letters("b", 20), size: sizes[1] }]);
    const items = await resumesAnywhere(make);
    equal(items.filter((item) => item[0] === "a"), ["a0", "a1", "a2", "a3", "a4"]);
    equal(items.filter((item) => item[0] === "b").length, 20);
  }
});

Deno.test("mix() has the same order for the same seed and another order for another seed", async () => {
  const make = () =>
    mix("m", [{ source: letters("a", 20), size: 20 }, { source: letters("b", 20), size: 20 }]);
  equal((await read(make())).items, (await read(make())).items);
  const other = (await read(make(), { seed: 2 })).items;
  if (JSON.stringify(other) === JSON.stringify((await read(make())).items)) {
    throw new Error("The seed changes nothing");
  }
});

Deno.test("mix() without parts is empty", async () => {
  equal((await read(mix("m", []))).items, []);
});

Deno.test("mix() interleaves parts in proportion to the sizes that `measure` gives", async () => {
  const parts = [{ source: letters("a", 40), size: 40 }, { source: letters("b", 40), size: 80 }];
  const measure = (item: string) => item[0] === "b" ? 2 : 1;
  const items = await resumesAnywhere(() => mix("m", parts, { measure }), [0, 30, 80]);
  const switches = items.filter((item, i) => i > 0 && item[0] !== items[i - 1][0]).length;
  if (switches < 20) throw new Error(`Only ${switches} changes of part in 80 items`);
  const early = items.slice(0, 30).filter((item) => item[0] === "b").length;
  if (early < 13 || early > 27) throw new Error(`${early} of the first 30 are b: about 20 expected`);
});

Deno.test("mix() draws a part at random for every item", async () => {
  const parts = [{ source: letters("a", 40), size: 40 }, { source: letters("b", 40), size: 40 }];
  for (let seed = 1; seed <= 8; seed++) {
    const { items } = await read(mix("m", parts), { seed, limit: 20 });
    const count = items.filter((item) => item[0] === "a").length;
    if (count < 3 || count > 17) throw new Error(`Seed ${seed}: ${count} of the first 20 are a`);
  }
});

Deno.test("mix() by weight gives each part its share of every stretch, whatever its size and the seed", async () => {
  const parts = () => [
    { source: letters("a", 100), size: 1, weight: 3 },
    { source: letters("b", 100), size: 1000, weight: 1 },
    { source: letters("c", 10), size: 5, weight: 0.5 },
  ];
  const items = await resumesAnywhere(() => mix("m", parts()), [0, 1, 50, 99, 100, 209]);
  equal(items, (await read(mix("m", parts()), { seed: 7 })).items);
  equal(items.length, 210);
  const count = (name: string, end: number) => items.slice(0, end).filter((item) => item[0] === name).length;
  for (const end of [9, 45, 90]) {
    const wanted = [end * 3 / 4.5, end / 4.5, end * 0.5 / 4.5];
    ["a", "b", "c"].forEach((name, i) => {
      if (Math.abs(count(name, end) - wanted[i]) > 1) {
        throw new Error(`${count(name, end)} of the first ${end} are ${name}`);
      }
    });
  }
  equal(items.slice(100, 120).filter((item) => item[0] === "a").length, 15); // c has ended
});
