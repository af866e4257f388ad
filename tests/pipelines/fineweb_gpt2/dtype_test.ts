/**
 * Tests when `--dtype f16` is rejected.
 *
 * @module
 */
import { match, strictEqual } from "node:assert/strict";
import { errorLine, runsTo, withFolder } from "../program.ts";

const tiny =
  "--layers 1 --heads 2 --channels 16 --seq-len 16 --batch-size 2 --tokenizer byte --val-tokens 4096 --sample-every 0 --eval-every 0 --lr 3e-3 --schedule constant --warmup 0"
    .split(" ");

Deno.test("--dtype f16 is refused on the CPU in one line that says what to do, and nothing is written", async () => {
  await withFolder(async (dir) => {
    const args = ["fineweb-gpt2", "--out", `${dir}/run`, ...tiny, "--steps", "2", "--dtype", "f16"];
    match(
      errorLine(await runsTo(2, [...args, "--device", "cpu"])),
      /--dtype f16 on the CPU \(chosen by --device\).*--dtype f32.*--device webgpu/,
    );
    strictEqual([...Deno.readDirSync(dir)].length, 0, "something was written");
  });
});
