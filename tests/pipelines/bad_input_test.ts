/**
 * Bad input, as a user gives it: one line that says what, where and how to mend it; the right exit code; nothing
 * half-written taken for whole.
 *
 * @module
 */
import { match, ok, strictEqual } from "node:assert/strict";
import { sharedTest } from "../shared_data.ts";
import { courseOf, eventsOf, run, runsTo, small, withFolder } from "./program.ts";

const quick = ["--steps", "6", "--eval-every", "0", "--sample-every", "0", "--checkpoint-every", "2"];

/** Arguments after which nothing may have been written, and what the line must say. */
const refused: Readonly<Record<string, readonly [args: string, says: RegExp]>> = {
  "an unknown pipeline": ["fineweb-gtp2", /did you mean fineweb-gpt2/],
  "an unknown option": ["fineweb-gpt2 --step 5", /--step.*--steps/],
  "a value that is no number": ["fineweb-gpt2 --steps many", /--steps.*many.*whole number/],
  "no layers": ["fineweb-gpt2 --layers 0", /--layers.*"0".*whole number from 1/],
  "channels that heads do not divide": ["fineweb-gpt2 --layers 1 --heads 3 --channels 16", /16.*3/],
  "a missing file": ["fineweb-gpt2 --source nowhere.txt", /nowhere\.txt/],
  "a glob without files": ["fineweb-gpt2 --source nowhere/*.jsonl", /nowhere\/\*\.jsonl/],
  "an unknown kind of file": ["fineweb-gpt2 --source LICENSE", /LICENSE.*\.txt/],
  "a source on the network": ["fineweb-gpt2 --source https://example.org/a.txt", /download/],
  "an unknown tokenizer": ["fineweb-gpt2 --tokenizer nowhere", /tokenizer nowhere.*gpt2/],
  "a total batch that is no multiple": [
    "fineweb-gpt2 --batch-size 4 --seq-len 32 --total-batch-tokens 1000",
    /1000.*128/,
  ],
  "no shards": ["train", /--train-shards/],
  "shards that are not there": ["train --train-shards nowhere/*.bin", /nowhere/],
  "weights that are not there": ["fineweb-gpt2 --init-from nowhere.bin", /nowhere\.bin/],
  "a checkpoint that is not there": ["sample --checkpoint nowhere", /nowhere/],
};

for (const [what, [args, says]] of Object.entries(refused)) {
  Deno.test(`pipeline refuses ${what} in one line, exit code 2, nothing written`, async () => {
    await withFolder(async (dir) => {
      const words = args.split(" ");
      const out = words[0] === "sample" ? [] : ["--out", `${dir}/run`];
      const { err } = await runsTo(2, [...words, ...out]);
      const errors = err.trimEnd().split("\n").filter((line) => line.startsWith("error"));
      strictEqual(errors.length, 1, err);
      match(errors[0], says);
      strictEqual([...Deno.readDirSync(dir)].length, 0, "something was written");
    });
  });
}

const shards: Readonly<Record<string, readonly [bytes: Uint8Array, says: RegExp]>> = {
  "an empty shard": [new Uint8Array(0), /val\.bin|bad\.bin/],
  "a shard of another format": [new Uint8Array(4096).fill(7), /bad\.bin/],
  "a shard cut short": [shardOf(5000, 100).subarray(0, 1024 + 2 * 4000), /bad\.bin.*(4000|9024|8000)/],
  "a shard that claims 2^31 tokens": [shardOf(2 ** 31 - 1, 100).subarray(0, 2000), /bad\.bin/],
};

for (const [what, [bytes, says]] of Object.entries(shards)) {
  Deno.test(`train refuses ${what}, naming the file`, async () => {
    await withFolder(async (dir) => {
      await Deno.writeFile(`${dir}/bad.bin`, bytes);
      const { code, err } = await run([
        "train",
        "--train-shards",
        `${dir}/bad.bin`,
        "--out",
        `${dir}/run`,
        ...tinyModel,
      ]);
      ok(code === 1 || code === 2, `${code}: ${err}`);
      match(err, says);
    });
  });
}

const tinyModel = "--vocab-size 512 --layers 1 --heads 2 --channels 16 --seq-len 32 --batch-size 4 --steps 6"
  .split(" ");

Deno.test("train refuses tokens beyond the vocabulary, naming file and place", async () => {
  await withFolder(async (dir) => {
    await Deno.writeFile(`${dir}/high.bin`, shardOf(5000, 600));
    const { err } = await runsTo(1, [
      "train",
      "--train-shards",
      `${dir}/high.bin`,
      "--out",
      `${dir}/run`,
      ...tinyModel,
    ]);
    match(err, /high\.bin.*512|512.*high\.bin/s);
  });
});

Deno.test("fineweb-gpt2 says when no document passes the filters, and when one alone cannot be split", async () => {
  await withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/none.txt`, "too short");
    const none = await run([
      "fineweb-gpt2",
      "--source",
      `${dir}/none.txt`,
      "--out",
      `${dir}/none`,
      ...small,
      ...quick,
    ]);
    ok(none.code === 1 || none.code === 2);
    match(none.err, /no document passed the filters/i);
    const words = Array.from(
      { length: 400 },
      (_, i) => `the people of state ${i} have that law and it is good.`,
    );
    await Deno.writeTextFile(`${dir}/one.jsonl`, JSON.stringify({ id: "a", text: words.join("\n") }) + "\n");
    const args = ["--stages", "language", "--source", `${dir}/one.jsonl`, "--out", `${dir}/one`];
    const one = await runsTo(1, ["fineweb-gpt2", ...args, ...small, ...quick]);
    match(one.err, /nothing is left of 1 documents/);
  });
});

Deno.test("fineweb-gpt2 stops at a loss that is no number, and its last checkpoint is good", async () => {
  await withFolder(async (dir) => {
    const args = ["fineweb-gpt2", "--out", `${dir}/run`, ...small, "--steps", "40", "--eval-every", "0"];
    const { err } = await runsTo(1, [
      ...args,
      "--sample-every",
      "0",
      "--checkpoint-every",
      "1",
      "--lr",
      "1e30",
      "--warmup",
      "0",
    ]);
    match(err, /the (loss|gradient norm) is (NaN|Infinity).*--lr/s);
    strictEqual((await eventsOf(`${dir}/run`)).at(-1).reason, "failed");
  });
});

Deno.test("fineweb-gpt2 in a folder that cannot be written says so", async () => {
  await withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/file`, "");
    const { code, err } = await run(["fineweb-gpt2", "--out", `${dir}/file/run`, ...small, ...quick]);
    ok(code === 1 || code === 2);
    match(err, /file\/run|Not a directory/);
    strictEqual(err.trimEnd().split("\n").filter((line) => line.startsWith("error")).length, 1, err);
  });
});

Deno.test("fineweb-gpt2 goes on from the checkpoint before one that was damaged, and says so", async () => {
  await withFolder(async (dir) => {
    const args = ["fineweb-gpt2", ...small, ...quick];
    await runsTo(0, [...args, "--out", `${dir}/whole`, "--steps", "10"]);
    await runsTo(0, [...args, "--out", `${dir}/run`, "--steps", "6", "--schedule-steps", "10"]);
    const model = `${dir}/run/checkpoints/step-000006/model.safetensors`;
    const bytes = await Deno.readFile(model);
    bytes[bytes.length - 5] ^= 64;
    await Deno.writeFile(model, bytes);
    const { err } = await runsTo(0, ["fineweb-gpt2", "--out", `${dir}/run`, "--steps", "10"]);
    match(err, /step-000006.*SHA-256.*step-000004/s);
    strictEqual(JSON.stringify(await courseOf(`${dir}/run`)), JSON.stringify(await courseOf(`${dir}/whole`)));
    for (const { name } of Deno.readDirSync(`${dir}/run/checkpoints`)) {
      if (name.startsWith("step-")) await Deno.remove(`${dir}/run/checkpoints/${name}/manifest.json`);
    }
    const lost = await runsTo(1, ["fineweb-gpt2", "--out", `${dir}/run`, "--steps", "12"]);
    match(lost.err, /--resume never/);
  });
});

sharedTest("train refuses a vocabulary and a length beyond those of --init-from", [
  "golden/gpt.bin",
  "golden/tokens.bin",
], async (path) => {
  await withFolder(async (dir) => {
    const args = [
      "train",
      "--init-from",
      path("golden/gpt.bin"),
      "--train-shards",
      path("golden/tokens.bin"),
      "--out",
      `${dir}/run`,
    ];
    const long = await runsTo(2, [...args, "--seq-len", "128", "--batch-size", "4", "--steps", "5"]);
    match(long.err, /128.*64|64.*128/s);
    const wide = await runsTo(2, [
      ...args,
      "--seq-len",
      "64",
      "--batch-size",
      "4",
      "--steps",
      "5",
      "--vocab-size",
      "1000",
    ]);
    match(wide.err, /1000/);
  });
});

/** An llm.c shard of `count` tokens by its header; ids go round below `ids`. */
function shardOf(count: number, ids: number): Uint8Array<ArrayBuffer> {
  const tokens = Math.min(count, 5000);
  const bytes = new Uint8Array(1024 + 2 * tokens);
  new Int32Array(bytes.buffer, 0, 3).set([20240520, 1, count]);
  new Uint16Array(bytes.buffer, 1024).set(Array.from({ length: tokens }, (_, i) => i % ids));
  return bytes;
}
