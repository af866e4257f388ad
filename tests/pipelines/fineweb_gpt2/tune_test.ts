/**
 * `--tune FILE` as a user has it.
 *
 * @module
 */
import { match, strictEqual } from "node:assert/strict";
import { errorLine, runsTo, withFolder } from "../program.ts";

// Only the head's three products are large enough to be timed: each kernel of theirs is compiled in software.
const tiny =
  "--layers 1 --heads 2 --channels 32 --seq-len 16 --batch-size 2 --tokenizer byte --val-tokens 4096 --sample-every 0 --eval-every 0 --eval-batches 1 --schedule constant --warmup 0 --device webgpu"
    .split(" ");

Deno.test("fineweb-gpt2 refuses a damaged --tune file on webgpu in one line, exit code 2, and leaves it as it is", async () => {
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
