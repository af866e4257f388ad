/**
 * `--tune FILE` as a user has it.
 *
 * @module
 */
import { deepStrictEqual, doesNotMatch, match, strictEqual } from "node:assert/strict";
import { courseOf, runsTo, withFolder } from "../program.ts";

// Only the head's three products are large enough to be timed: each kernel of theirs is compiled in software.
const tiny =
  "--layers 1 --heads 2 --channels 32 --seq-len 16 --batch-size 2 --tokenizer byte --val-tokens 4096 --sample-every 0 --eval-every 0 --eval-batches 1 --schedule constant --warmup 0 --device webgpu"
    .split(" ");

Deno.test("fineweb-gpt2 --tune on webgpu says what it times, keeps it in the file, and has the same losses from then on", async () => {
  await withFolder(async (dir) => {
    const file = `${dir}/tuning.json`;
    const run = (name: string, ...args: string[]) =>
      runsTo(0, ["fineweb-gpt2", "--out", `${dir}/${name}`, ...tiny, ...args]);
    const first = await run("first", "--tune", file, "--steps", "4");
    match(
      first.err,
      /tune: timing \d+ kernels for 3 shapes of products, once\n(.*\n)*?.*tune: timed 3 shapes in /,
    );
    const kept = await Deno.readTextFile(file);
    match(kept, /"matmul \[2,16,32\] \[384,32\] .*": "\w+ \d+x\d+ by /);
    const second = await run("second", "--tune", file, "--steps", "2");
    doesNotMatch(second.err, /timing/);
    const resumed = await runsTo(0, ["fineweb-gpt2", "--out", `${dir}/second`, "--steps", "4"]); // it remembers the file
    match(resumed.err, /kept in .*tuning\.json/);
    doesNotMatch(resumed.err, /timing/);
    const steps = async (name: string) =>
      (await courseOf(`${dir}/${name}`)).filter((e) => !String(e).startsWith("eval"));
    deepStrictEqual(await steps("second"), await steps("first"));
    strictEqual(await Deno.readTextFile(file), kept);
  });
});
