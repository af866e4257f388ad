/**
 * Tests `--dropout` on the command line: in the plan, in config.json, and on resume.
 *
 * @module
 */
import { deepStrictEqual, notDeepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { shardHeader } from "../../../stages/format/tokens/llmc_shard.ts";
import { bytesOfTokens } from "../../../stages/format/tokens/token_file.ts";
import { courseOf, runsTo, withFolder } from "../program.ts";

const model = "--vocab-size 65 --layers 1 --heads 2 --channels 16 --seq-len 16 --batch-size 2 --grad-accum 2"
  .split(" ");
const cadence = "--device cpu --schedule constant --warmup 0 --sample-every 0 --checkpoint-every 3".split(
  " ",
);

Deno.test("train --dropout is recorded in config.json, and a resumed run equals an uninterrupted one", async () => {
  await withFolder(async (dir) => {
    const ids = Uint32Array.from({ length: 1200 }, (_, i) => (i * i + 3 * i) % 65);
    await Deno.writeFile(
      `${dir}/train.bin`,
      await new Blob([shardHeader(ids.length, 2), bytesOfTokens(ids, 2)]).bytes(),
    );
    const shards = ["--train-shards", `${dir}/train.bin`];
    const train = async (code: number, name: string, ...more: string[]) =>
      await runsTo(code, ["train", "--out", `${dir}/${name}`, ...shards, ...model, ...cadence, ...more]);

    await train(0, "whole", "--dropout", "0.2", "--steps", "6");
    await train(0, "parts", "--dropout", "0.2", "--steps", "3");
    await train(0, "parts", "--steps", "6"); // --dropout comes from config.json
    const whole = await courseOf(`${dir}/whole`);
    strictEqual(whole.length >= 6, true);
    const steps = (course: readonly unknown[]) => course.filter((e) => Array.isArray(e) && e[0] !== "eval");
    deepStrictEqual(steps(await courseOf(`${dir}/parts`)), steps(whole));
    const { options } = JSON.parse(await Deno.readTextFile(`${dir}/parts/config.json`));
    strictEqual(options.dropout, 0.2);

    await train(0, "none", "--steps", "6");
    notDeepStrictEqual(steps(await courseOf(`${dir}/none`)), steps(whole));
    const { out: help } = await runsTo(0, ["train", "--help", "all"]);
    ok(/--dropout X .*probability/.test(help), help);
  });
});
