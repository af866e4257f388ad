/**
 * Tests search over texts, and the memory.
 *
 * @module
 */
import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { Memory } from "../../../stages/tool/memory.ts";
import { searchTool } from "../../../stages/tool/search.ts";
import { withFolder } from "../../temporary.ts";

async function* documents(...texts: string[]) {
  for (const [i, text] of texts.entries()) yield { id: `${i}`, text };
}

Deno.test("searchTool() finds the passages with the words of a question", async () => {
  const texts = documents("The cat sleeps. It purrs.\n\nThe capital of Peru is Lima.", "Oslo is in Norway.");
  const tool = await searchTool(texts, { passages: 1, characters: 40 });
  deepEqual(await tool.run("capital of Peru"), { output: "The capital of Peru is Lima." });
  deepEqual(await tool.run("norway"), { output: "Oslo is in Norway." });
  deepEqual(await tool.run("quantum"), { error: "nothing found" });
  await rejects(searchTool(documents()), /no text/);
  await rejects(searchTool(documents("abc"), { limit: 2 }), /more than 2 characters/);
  const long = await searchTool(documents("word ".repeat(50)), { passages: 1, characters: 40 });
  const result = await long.run("word");
  equal("output" in result && result.output.length <= 40, true);
});

Deno.test("Memory keeps facts in a file, and refuses what does not fit", async () => {
  await withFolder(async (dir) => {
    const path = `${dir}/memory.json`, memory = await Memory.open(path);
    equal(memory.prompt(), "");
    await memory.remember(" likes tea ");
    await memory.remember("likes tea");
    deepEqual(await memory.tool().run("has a cat"), { output: "remembered" });
    deepEqual((await Memory.open(path)).facts, ["likes tea", "has a cat"]);
    match(memory.prompt(), /remember:\n- likes tea\n- has a cat$/);
    await memory.forget(1);
    deepEqual((await Memory.open(path)).facts, ["has a cat"]);
    for (const number of [0, 2, 1.5]) await rejects(memory.forget(number), /no fact/);
    await rejects(memory.remember("x".repeat(301)), /301 characters/);
    await memory.remember("x".repeat(300));
    match(JSON.stringify(await memory.tool().run("")), /error/);
    for (let i = memory.facts.length; i < 100; i++) await memory.remember(`fact ${i}`);
    await rejects(memory.remember("one more"), /more than 100/);
    await Deno.writeTextFile(path, "[1]");
    await rejects(Memory.open(path), /expected \{"facts"/);
  });
});
