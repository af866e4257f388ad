import { embedded, embeddedSizes } from "../../../../stages/source/embedded/embedded.ts";
import { mix } from "../../../../stages/source/mix.ts";
import { equal, read, resumesAnywhere } from "../source_checks.ts";

Deno.test("embedded() yields all 233 speeches, in another order for another seed", async () => {
  const one = (await read(embedded("sotu"))).items;
  equal(one.length, embeddedSizes.sotu);
  equal(new Set(one.map((doc) => doc.id)).size, embeddedSizes.sotu);
  const two = (await read(embedded("sotu"), { seed: 2 })).items;
  if (two[0].id === one[0].id && two[1].id === one[1].id) throw new Error("The seed changes nothing");
  const ordered = (await read(embedded("sotu", { ordered: true }), { limit: 1 })).items[0];
  equal([ordered.id, ordered.date], ["sotu/1790_george_washington_n", "1790-01-01T00:00:00Z"]);
  const lines = ordered.text.split("\n");
  if (lines.length < 5 || lines.some((line) => !/[.!?]["'”’)]*$/.test(line))) {
    throw new Error(`A line of the speech does not end with a sentence: ${JSON.stringify(lines)}`);
  }
});

Deno.test("embedded() yields the decoded bodies of e-mails", async () => {
  const { items } = await read(embedded("spam-assassin", { ordered: true }), { limit: 2 });
  equal(items[0].id, "spam-assassin/easy-ham-1/00001.7c53336b37003a9286aba55d2945844c");
  if (!items[0].text.includes("For me it is very repeatable")) throw new Error(items[0].text);
  if (items[0].text.includes("Return-Path")) throw new Error("Headers left in");
});

Deno.test("embedded() resumes after any document", async () => {
  await resumesAnywhere(() => embedded("sotu"), [0, 1, 117, 233]);
});

Deno.test("mix() of the corpora resumes after any document and spreads the speeches evenly", async () => {
  const make = () =>
    mix("embedded", [
      { source: embedded("sotu"), size: embeddedSizes.sotu },
      { source: embedded("spam-assassin"), size: embeddedSizes["spam-assassin"] },
    ]);
  const first = await read(make(), { limit: 300 });
  const speeches = first.items.filter((doc) => doc.id.startsWith("sotu/")).length;
  if (speeches < 4 || speeches > 22) {
    throw new Error(`${speeches} speeches among the first 300: about 11 expected`);
  }
  for (const at of [1, 57, 200]) {
    const before = await read(make(), { limit: at });
    const after = await read(make(), { saved: before.saved, limit: 300 - at });
    equal([...before.items, ...after.items], first.items);
  }
});
