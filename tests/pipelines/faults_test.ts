/**
 * Tests, through the command line, diverging updates and the options of the model and the optimizer.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { shardHeader } from "../../stages/format/tokens/llmc_shard.ts";
import { bytesOfTokens } from "../../stages/format/tokens/token_file.ts";
import { errorLine, eventsOf, runsTo, withFolder } from "./program.ts";

const ODD = 135; // index of the batch whose loss jumps
const fixed =
  "--vocab-size 257 --layers 1 --heads 2 --channels 16 --seq-len 16 --batch-size 2 --grad-accum 2 --device cpu --workers 1 --schedule constant --warmup 0 --eval-every 0 --sample-every 0 --shuffle none --quiet"
    .split(" ");

/**
 * Calls `work` with a folder that contains a shard, and with a function that runs `train` on this shard with
 * batches of 64 tokens.
 */
async function withTraining(
  work: (dir: string, train: (code: number, line: string) => ReturnType<typeof runsTo>) => Promise<void>,
): Promise<void> {
  await withFolder(async (dir) => {
    const ids = Uint32Array.from(
      { length: 64 * 140 + 1 },
      (_, i) => Math.floor(i / 64) === ODD ? 20 + (7 * i) % 40 : i % 3 + Math.floor(i / 64) % 2,
    );
    await Deno.writeFile(
      `${dir}/train.bin`,
      await new Blob([shardHeader(ids.length, 2), bytesOfTokens(ids, 2)]).bytes(),
    );
    const shards = ["--train-shards", `${dir}/train.bin`];
    await work(dir, (code, line) => runsTo(code, ["train", ...shards, ...fixed, ...line.split(" ")]));
  });
}

Deno.test("train skips an update whose loss jumps, or rolls back and skips its batch, or stops and names the batch", async () => {
  await withTraining(async (dir, train) => {
    const spiky = "--lr 1e-2 --steps 138 --checkpoint-every 130 --skip-spike-z 6";
    const stepsOf = async (name: string) =>
      (await eventsOf(`${dir}/${name}`)).filter((e) => e.type === "step");
    await train(0, `--out ${dir}/skip ${spiky}`);
    const skipped = (await stepsOf("skip")).filter((e) => "skipped" in e);
    deepStrictEqual(skipped.map((e) => e.step), [ODD]);
    match(skipped[0].skipped, /standard deviations above .*train\.bin tokens 8640 to 8704$/);

    const { err } = await train(0, `--out ${dir}/back ${spiky} --on-spike rollback`);
    match(
      err,
      /Skipping batch 136 .*train\.bin tokens 8640 to 8704.*: going back to the checkpoint step-000130/,
    );
    const back = await stepsOf("back");
    deepStrictEqual(back.map((e) => e.step), Array.from({ length: 138 }, (_, i) => i));
    ok(back.every((e) => e.loss < 6), "the odd batch was trained on");
    const notes = (await eventsOf(`${dir}/back`)).filter((e) => e.type === "note").map((e) => e.text);
    ok(notes.some((text) => text.startsWith("batch 136 skipped: step 135: the loss")), `${notes}`);

    const stopped = await train(1, `--out ${dir}/stop ${spiky} --on-spike stop`);
    match(
      errorLine(stopped),
      /after step 135: the loss .* batch 136 is from .*train\.bin tokens 8640 to 8704/,
    );
  });
});

Deno.test("train --on-nan skip and rollback stop a run whose weights are NaN, because no batch is to blame", async () => {
  await withTraining(async (dir, train) => {
    const ruinous = "--lr 1e30 --steps 100 --checkpoint-every 0";
    match(
      errorLine(await train(1, `--out ${dir}/skip ${ruinous} --on-nan skip`)),
      /the (loss|gradient norm) is \S+, and the 10 steps before it were skipped too/,
    );
    const { err } = await train(1, `--out ${dir}/back ${ruinous} --on-nan rollback`);
    strictEqual(err.split("\n").filter((line) => /^Skipping batch \d+/.test(line)).length, 8);
  });
});

Deno.test("sample and --init-from read a model that train made with exact GELU, no biases, an untied head and Muon", async () => {
  await withTraining(async (dir, train) => {
    const chosen = "--gelu erf --no-bias --no-tie --optimizer muon --muon-lr 0.01 --momentum 0.9";
    await train(0, `--out ${dir}/run ${chosen} --lr 1e-2 --steps 3`);
    await train(0, `--out ${dir}/run --steps 5`); // all options come from config.json
    strictEqual((await eventsOf(`${dir}/run`)).filter((e) => e.type === "step").length, 5);
    const checkpoint = `${dir}/run/checkpoints/step-000005`;
    const { parts: { train: { state } } } = JSON.parse(await Deno.readTextFile(`${checkpoint}/stream.json`));
    deepStrictEqual([state.config.gelu, state.config.bias, state.config.tie], ["erf", false, false]);
    await runsTo(0, ["sample", "--checkpoint", `${dir}/run`, "--tokenizer", "byte", "--max-tokens", "2"]);
    await train(0, `--out ${dir}/on --init-from ${dir}/run --optimizer sgd --lr 1e-2 --steps 2`);

    const refused = async (line: string) => errorLine(await train(2, `--out ${dir}/no --steps 2 ${line}`));
    match(
      await refused("--optimizer adamw --momentum 0.9"),
      /--momentum 0\.9 does nothing with --optimizer adamw: it needs --optimizer muon or sgd/,
    );
    match(await refused("--optimizer sgd --beta2 0.9"), /--beta2 0\.9 does nothing with --optimizer sgd/);
    match(
      await refused("--on-spike stop"),
      /does nothing with --skip-spike-z 0: it needs --skip-spike-z Z above 0/,
    );
    match(await refused("--gelu relu"), /expected one of tanh, erf/);
    match(await refused("--total-batch-tokens 100"), /either|both|Cannot use both/);
  });
});
