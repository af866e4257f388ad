/**
 * Tests runs that are resumed where their goal is already reached: they end at once, and nothing is rewound.
 *
 * @module
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { beforeDeadline } from "../deadline.ts";
import { runsHere } from "./in_process.ts";
import { courseOf, eventsOf, small, unfiltered, withFolder } from "./program.ts";

Deno.test("a run that has reached its goal ends at once when resumed, and its shards stay as they are", async () => {
  await withFolder(async (dir) => {
    const out = `${dir}/run`, common = `--out ${out} --quiet --workers 1 --device cpu`;
    await runsHere(
      0,
      `fineweb-gpt2 ${common} ${small.join(" ")} ${
        unfiltered.join(" ")
      } --steps 6 --eval-every 4 --sample-every 0`,
    );
    const [course, shards] = [await courseOf(out), sizesIn(`${out}/shards`)];
    const lines = (await Deno.readTextFile(`${out}/metrics.jsonl`)).trimEnd().split("\n");
    await Deno.writeTextFile(`${out}/metrics.jsonl`, `${lines.slice(0, -1).join("\n")}\n`);
    for (const resume of ["", ` --resume ${out}/checkpoints/step-000006`]) {
      await beforeDeadline(runsHere(0, `fineweb-gpt2 ${common}${resume}`));
      deepStrictEqual([await courseOf(out), sizesIn(`${out}/shards`)], [course, shards], resume);
      strictEqual((await eventsOf(out)).at(-1).reason, "finished");
    }
  });
});

function sizesIn(folder: string): Record<string, number> {
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  return Object.fromEntries(names.map((name) => [name, Deno.statSync(`${folder}/${name}`).size]));
}
