/**
 * Tests `--dtype f16` on the command line.
 *
 * @module
 */
import { deepStrictEqual, match, notDeepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { errorLine, eventsOf, runsTo, withFolder } from "../program.ts";

const tiny =
  "--layers 1 --heads 2 --channels 16 --seq-len 16 --batch-size 2 --tokenizer byte --val-tokens 4096 --sample-every 0 --eval-every 0 --lr 3e-3 --schedule constant --warmup 0"
    .split(" ");

Deno.test("fineweb-gpt2 --dtype f16 on webgpu trains to nearly the losses of f32, and cannot be resumed in f32", async () => {
  await withFolder(async (dir) => {
    const run = (name: string, ...args: string[]) =>
      runsTo(0, ["fineweb-gpt2", "--out", `${dir}/${name}`, ...tiny, "--device", "webgpu", ...args]);
    const losses = async (name: string): Promise<number[]> =>
      (await eventsOf(`${dir}/${name}`)).filter((e) => e.type === "step").map((e) => e.loss);
    await run("f32", "--steps", "12");
    await run("f16", "--steps", "12", "--dtype", "f16");
    const { options } = JSON.parse(await Deno.readTextFile(`${dir}/f16/config.json`));
    strictEqual(options.dtype, "f16");
    const [full, half] = [await losses("f32"), await losses("f16")];
    deepStrictEqual([full.length, half.length], [12, 12]);
    // Rounding changes an operand by up to 2^-11 of its value. A new model's logits are at most 1, so they
    // change by up to 5e-4, and their mean over tokens by less; a few updates add about the same amount. If
    // all gradients underflowed, losses would differ by 0.1 or more.
    full.forEach((loss, i) => ok(Math.abs(loss - half[i]) < 2e-3, `step ${i}: ${half[i]}, in f32 ${loss}`));
    notDeepStrictEqual(half, full);
    ok(full[0] - full[11] > 0.2, `nothing was learned: ${full}`);
    const refused = await runsTo(2, [
      "fineweb-gpt2",
      "--out",
      `${dir}/f16`,
      "--dtype",
      "f32",
      "--steps",
      "9",
    ]);
    match(errorLine(refused), /with --dtype f32: the run was started with --dtype f16/);
  });
});
