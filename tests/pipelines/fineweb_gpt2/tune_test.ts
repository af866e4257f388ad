/**
 * Tests a damaged `--tune FILE` on the command line.
 *
 * @module
 */
import { match, strictEqual } from "node:assert/strict";
import { errorLine, runsTo, withFolder } from "../program.ts";

// The model is so small that only the three matrix products of the head are timed, because compiling kernels
// for a software adapter is slow.
const tiny =
  "--layers 1 --heads 2 --channels 32 --seq-len 16 --batch-size 2 --tokenizer byte --val-tokens 4096 --sample-every 0 --eval-every 0 --schedule constant --warmup 0 --device webgpu"
    .split(" ");

Deno.test("fineweb-gpt2 refuses a damaged --tune file on webgpu in one line, exits with 2, and does not change the file", async () => {
  await withFolder(async (dir) => {
    const file = `${dir}/tuning.json`;
    await Deno.writeTextFile(file, '{"kind": "kernels cho');
    const args = ["fineweb-gpt2", "--out", `${dir}/run`, ...tiny, "--steps", "2", "--tune", file];
    match(
      errorLine(await runsTo(2, args)),
      /tuning\.json: it is damaged or another program.s file.*remove this one/,
    );
    strictEqual(await Deno.readTextFile(file), '{"kind": "kernels cho');
  });
});
