/**
 * Tests that `tokenize` gives the same tokens in several processes as in one.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { errorLine, runsTo, withFolder } from "../program.ts";
import { tokenizeOptions, writeTexts } from "./texts.ts";

const options = [...tokenizeOptions, "--quiet"];

/** Returns the tokens of all training shards, one after another, without their headers. */
function trainingBytes(out: string): Uint8Array {
  const names = [...Deno.readDirSync(`${out}/shards`)].map(({ name }) => name)
    .filter((name) => /^train_\d{6}\.bin$/.test(name)).sort();
  deepStrictEqual(names, names.map((_, i) => `train_${String(i).padStart(6, "0")}.bin`));
  return new Uint8Array(
    names.flatMap((name) => [...Deno.readFileSync(`${out}/shards/${name}`).subarray(1024)]),
  );
}

const textOf = (path: string) => Deno.readTextFileSync(path);

Deno.test("tokenize by 1 and 3 ranks gives the tokens, held-out text and sums of one process, and train reads them", () =>
  withFolder(async (dir) => {
    const source = ["--source", await writeTexts(dir)];
    await runsTo(0, ["tokenize", ...source, ...options, "--out", `${dir}/one`]);
    const expected = trainingBytes(`${dir}/one`);
    ok(expected.length > 4e6, `${expected.length}`);
    for (const world of [1, 3]) {
      const out = `${dir}/${world}`, ranks = Array(world).keys().map(String).toArray();
      const args = ["tokenize", "--out", out, "--quiet"];
      await runsTo(0, [...args, ...source, ...options, "--world", `${world}`, "--only", "plan"]);
      await Promise.all(ranks.map((rank) => runsTo(0, [...args, "--rank", rank, "--world", `${world}`])));
      if (world === 3) {
        await Deno.remove(`${out}/ranks/00001/metrics.jsonl`);
        match(
          errorLine(await runsTo(2, [...args, "--only", "merge"])),
          /rank 1 is not finished: .*--rank 1 --world 3/,
        );
        await runsTo(0, [...args, "--rank", "1", "--resume", "never"]);
      }
      await runsTo(0, [...args, "--only", "merge"]);
      ok(expected.length === trainingBytes(out).length, `${world}`);
      deepStrictEqual(trainingBytes(out), expected);
      deepStrictEqual(
        Deno.readFileSync(`${out}/shards/val_000000.bin`),
        Deno.readFileSync(`${dir}/one/shards/val_000000.bin`),
      );
      strictEqual(textOf(`${out}/shards/shards.json`), textOf(`${dir}/one/shards/shards.json`));
    }
    const model = [
      "--layers",
      "1",
      "--heads",
      "1",
      "--channels",
      "16",
      "--seq-len",
      "32",
      "--batch-size",
      "1",
    ];
    const shards = [
      "--train-shards",
      `${dir}/3/shards/train_*.bin`,
      "--val-shards",
      `${dir}/3/shards/val_*.bin`,
    ];
    const run = ["train", ...shards, ...model, "--grad-accum", "1", "--steps", "1", "--device", "cpu"];
    const { out } = await runsTo(0, [...run, "--out", `${dir}/run`]);
    match(out, /bits per byte|validation/i);
  }));

Deno.test("tokenize refuses with ranks what cannot be shared, and says what to type", () =>
  withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/a.txt`, "short");
    const refused = async (more: readonly string[], says: RegExp) => {
      const args = ["tokenize", "--source", `${dir}/a.txt`, "--out", `${dir}/run`, ...more];
      match(errorLine(await runsTo(2, args)), says);
    };
    const rank = ["--rank", "0", "--world", "2"];
    await refused([...rank, "--tokenizer", "train"], /train the vocabulary first/);
    await refused([...rank, "--val-tokens", "9"], /--val-tokens with --rank 0: give --val-bytes/);
    await refused([...rank, "--shard-format", "nanogpt"], /a single file cannot be shared/);
    await refused(["--rank", "2", "--world", "2"], /--rank 2 is not one of --world 2/);
    await refused(["--rank", "0"], /--rank 0 needs --world N/);
    await refused(["--world", "2"], /--world 2 needs --rank R from 0 to 1, or --only merge/);
    await refused(["--only", "merge"], /no rank has begun/);
    await refused(["--only", "merge", "--world", "2"], /rank 0 is not finished/);
    await refused(["--only", "plan", "--rank", "0"], /--only plan with --rank 0: one process does it/);
  }));
