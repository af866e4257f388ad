/**
 * Tests `--tune FILE` on the command line.
 *
 * @module
 */
import { deepStrictEqual, doesNotMatch, match, strictEqual } from "node:assert/strict";
import { courseOf, runsTo, withFolder } from "../program.ts";

// The model is so small that only the three matrix products of the head are timed, because compiling kernels
// for a software adapter is slow.
const tiny =
  "--layers 1 --heads 2 --channels 32 --seq-len 16 --batch-size 2 --tokenizer byte --val-tokens 4096 --sample-every 0 --eval-every 0 --schedule constant --warmup 0 --device webgpu"
    .split(" ");

Deno.test("fineweb-gpt2 --tune on webgpu says what it times, saves its choices, and repeats the losses with them", async () => {
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
    // --tune comes from config.json.
    const resumed = await runsTo(0, ["fineweb-gpt2", "--out", `${dir}/second`, "--steps", "4"]);
    match(resumed.err, /kept in .*tuning\.json/);
    doesNotMatch(resumed.err, /timing/);
    const steps = async (name: string) =>
      (await courseOf(`${dir}/${name}`)).filter((e) => !String(e).startsWith("eval"));
    deepStrictEqual(await steps("second"), await steps("first"));
    strictEqual(await Deno.readTextFile(file), kept);
  });
});
