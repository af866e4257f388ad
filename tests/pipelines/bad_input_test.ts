/**
 * Tests bad input on the command line: the error is one line that says what is wrong, where, and what to do;
 * the exit code is correct; and an incomplete file is never mistaken for a complete one.
 *
 * @module
 */
import { match, strictEqual } from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { sharedTest } from "../shared_data.ts";
import { smallDiskTest } from "../small_disk.ts";
import {
  courseOf,
  errorLine,
  eventsOf,
  runsTo,
  small,
  smallModel,
  unfiltered,
  withFolder,
} from "./program.ts";

const quick = ["--steps", "6", "--eval-every", "0", "--sample-every", "0", "--checkpoint-every", "2"];

/** Arguments that are rejected before anything is written, and the expected error line. */
const refused: Readonly<Record<string, readonly [args: string, says: RegExp]>> = {
  "an unknown pipeline": ["fineweb-gtp2", /did you mean fineweb-gpt2/],
  "an unknown option": ["fineweb-gpt2 --step 5", /--step.*--steps/],
  "a value that is not a number": ["fineweb-gpt2 --steps many", /--steps.*many.*whole number/],
  "zero layers": ["fineweb-gpt2 --layers 0", /--layers.*"0".*whole number from 1/],
  "channels that are not a multiple of the heads": [
    "fineweb-gpt2 --layers 1 --heads 3 --channels 16",
    /16.*3/,
  ],
  "a model too large for any memory": [
    "fineweb-gpt2 --device cpu --layers 2 --channels 65536",
    /MB.*smaller model/,
  ],
  "a missing file": ["fineweb-gpt2 --source nowhere.txt", /nowhere\.txt/],
  "a glob without files": ["fineweb-gpt2 --source nowhere/*.jsonl", /nowhere\/\*\.jsonl/],
  "an unknown kind of file": ["fineweb-gpt2 --source LICENSE", /LICENSE.*\.txt/],
  "a malformed dataset name": ["fineweb-gpt2 --source hf:fineweb", /hf:OWNER\/NAME/],
  "an unknown tokenizer": ["fineweb-gpt2 --tokenizer nowhere", /tokenizer nowhere.*gpt2/],
  "a tokenizer to be trained on standard input": ["fineweb-gpt2 --source -", /only once.*--tokenizer/],
  "a total batch that is not a multiple": [
    "fineweb-gpt2 --batch-size 4 --seq-len 32 --total-batch-tokens 1000",
    /1000.*128/,
  ],
  "missing --train-shards": ["train", /--train-shards/],
  "shards that do not exist": ["train --train-shards nowhere/*.bin", /nowhere/],
  "weights that do not exist": ["fineweb-gpt2 --init-from nowhere.bin", /nowhere\.bin/],
  "a checkpoint that does not exist": ["sample --checkpoint nowhere", /nowhere/],
};

for (const [what, [args, says]] of Object.entries(refused)) {
  Deno.test(`pipeline refuses ${what} in one line, exits with 2 and writes nothing`, async () => {
    await withFolder(async (dir) => {
      const words = args.split(" ");
      const out = words[0] === "sample" ? [] : ["--out", `${dir}/run`];
      match(errorLine(await runsTo(2, [...words, ...out])), says);
      strictEqual([...Deno.readDirSync(dir)].length, 0, "something was written");
    });
  });
}

const shards: Readonly<Record<string, readonly [bytes: Uint8Array, says: RegExp]>> = {
  "an empty shard": [new Uint8Array(0), /val\.bin|bad\.bin/],
  "a shard of another format": [new Uint8Array(4096).fill(7), /bad\.bin/],
  "a truncated shard": [shardOf(5000, 100).subarray(0, 1024 + 2 * 4000), /bad\.bin.*(4000|9024|8000)/],
  "a shard that claims 2^31 tokens": [shardOf(2 ** 31 - 1, 100).subarray(0, 2000), /bad\.bin/],
};

for (const [what, [bytes, says]] of Object.entries(shards)) {
  Deno.test(`train refuses ${what} and names the file`, async () => {
    await withFolder(async (dir) => {
      await Deno.writeFile(`${dir}/bad.bin`, bytes);
      const shards = ["--train-shards", `${dir}/bad.bin`, "--out", `${dir}/run`];
      match(errorLine(await runsTo(1, ["train", ...shards, ...tinyModel])), says);
    });
  });
}

const tinyModel = "--vocab-size 512 --layers 1 --heads 2 --channels 16 --seq-len 32 --batch-size 4 --steps 6"
  .split(" ");

Deno.test("train refuses token ids beyond the vocabulary, and names the file and the position", async () => {
  await withFolder(async (dir) => {
    await Deno.writeFile(`${dir}/high.bin`, shardOf(5000, 600));
    const shards = ["--train-shards", `${dir}/high.bin`, "--out", `${dir}/run`];
    match(errorLine(await runsTo(1, ["train", ...shards, ...tinyModel])), /high\.bin.*512|512.*high\.bin/);
  });
});

Deno.test("fineweb-gpt2 says that no document passes the filters, or that a single one cannot be held out", async () => {
  await withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/none.txt`, "too short");
    const none = ["--source", `${dir}/none.txt`, "--out", `${dir}/none`];
    match(
      errorLine(await runsTo(2, ["fineweb-gpt2", ...none, ...small, ...quick])),
      /no document passed the filters: .* dropped 1 of 1 \(\w+ 1\): type --stages none/,
    );
    const filtered = await runsTo(0, ["fineweb", "--source", `${dir}/none.txt`, "--out", `${dir}/fineweb`]);
    match(filtered.out, /No document passed the filters: .*\/removed\n$/);
    await Deno.writeTextFile(`${dir}/one.jsonl`, `${JSON.stringify({ id: "a", text: lawText(400) })}\n`);
    const one = ["--stages", "language", "--source", `${dir}/one.jsonl`, "--out", `${dir}/one`];
    const alone = await runsTo(1, ["fineweb-gpt2", ...one, ...small, ...quick]);
    match(errorLine(alone), /nothing is left of 1 document /);
  });
});

Deno.test("fineweb-gpt2 says where a source is truncated or cannot be read", async () => {
  await withFolder(async (dir) => {
    const rows = [...Array(40).keys()].map((i) => JSON.stringify({ id: `${i}`, text: lawText(40 + i) }));
    await Deno.writeTextFile(`${dir}/cut.jsonl`, rows.join("\n").slice(0, -20));
    const whole = gzipSync(rows.join("\n"));
    await Deno.writeFile(`${dir}/cut.jsonl.gz`, whole.subarray(0, whole.length / 2));
    for (
      const [file, says] of [["cut.jsonl", /line 40 of .*cut\.jsonl/], ["cut.jsonl.gz", /truncated/]] as const
    ) {
      const args = ["--stages", "language", "--source", `${dir}/${file}`, "--out", `${dir}/run`];
      match(errorLine(await runsTo(1, ["fineweb-gpt2", ...args, ...small, ...quick])), says);
    }
  });
});

Deno.test("fineweb-gpt2 stops at a loss that is NaN, and its last checkpoint is intact", async () => {
  await withFolder(async (dir) => {
    const args = [
      "fineweb-gpt2",
      "--out",
      `${dir}/run`,
      ...small,
      ...unfiltered,
      "--steps",
      "40",
      "--eval-every",
      "0",
    ];
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

Deno.test("fineweb-gpt2 says that its folder cannot be written", async () => {
  await withFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/file`, "");
    const args = ["fineweb-gpt2", "--out", `${dir}/file/run`, ...small, ...quick];
    match(errorLine(await runsTo(2, args)), /file\/run: .*file is a file, not a folder: give another --out/);
  });
});

await smallDiskTest(
  "fineweb-gpt2 says that the disk is or becomes full, and resumes from its last checkpoint once there is room",
  "120k",
  async ({ folder, resize }) => {
    await withFolder(async (dir) => {
      const args = ["--stages", "language", ...small, ...quick, "--steps", "12", "--checkpoint-every", "4"];
      await runsTo(0, ["fineweb-gpt2", "--out", `${dir}/whole`, ...args]);
      const out = `${folder}/run`;
      const { err } = await runsTo(2, ["fineweb-gpt2", "--out", out, ...args]);
      match(err, /Cannot keep checkpoints in .*\/run: two of .* must fit.*make room/);
      await resize("420k"); // enough for the shards and one checkpoint
      const line = errorLine(await runsTo(1, ["fineweb-gpt2", "--out", out, ...args]));
      match(line, /step-000008.*(the disk is full|too little room).*make room/);
      strictEqual((await Deno.readTextFile(`${out}/checkpoints/latest`)).trim(), "step-000004");
      await resize("20m");
      await runsTo(0, ["fineweb-gpt2", "--out", out, ...args]);
      strictEqual(JSON.stringify(await courseOf(out)), JSON.stringify(await courseOf(`${dir}/whole`)));
    });
  },
);

Deno.test("fineweb-gpt2 resumes from the checkpoint before a damaged one, and says so", async () => {
  await withFolder(async (dir) => {
    const args = ["fineweb-gpt2", ...small, ...unfiltered, ...quick];
    await runsTo(0, [...args, "--out", `${dir}/whole`, "--steps", "10"]);
    await runsTo(0, [...args, "--out", `${dir}/run`, "--steps", "6", "--schedule-steps", "10"]);
    const model = `${dir}/run/checkpoints/step-000006/model.safetensors`;
    const bytes = await Deno.readFile(model);
    bytes[bytes.length - 5] ^= 64;
    await Deno.writeFile(model, bytes);
    for (const from of [`${dir}/run`, `${dir}/run/checkpoints/step-000006`]) {
      match(
        errorLine(await runsTo(2, ["sample", "--checkpoint", from])),
        /step-000006: model\.safetensors is not/,
      );
    }
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

Deno.test("sample and fineweb-gpt2 refuse a prompt that the model cannot continue, before anything runs", async () => {
  await withFolder(async (dir) => {
    const rows = [...Array(60).keys()].map((i) => JSON.stringify({ id: `${i}`, text: lawText(40 + i) }));
    await Deno.writeTextFile(`${dir}/law.jsonl`, rows.join("\n"));
    const source = ["--stages", "language", "--source", `${dir}/law.jsonl`, "--tokenizer", "char"];
    const args = ["fineweb-gpt2", "--out", `${dir}/run`, ...source, ...smallModel, "--steps", "2"];
    const prompted = [...args, "--sample-prompt", "The people"];
    match(errorLine(await runsTo(2, prompted)), /--sample-prompt "The people".*"T"/);
    await runsTo(0, [...args, "--sample-prompt", "the people"]);
    const sample = ["sample", "--checkpoint", `${dir}/run`];
    match(errorLine(await runsTo(2, [...sample, "--prompt", "the €"])), /--prompt "the €".*"€"/);
    match(errorLine(await runsTo(2, [...sample, "--tokenizer", "gpt2"])), /gpt2 .*50257.*--tokenizer/);
  });
});

sharedTest("train refuses a vocabulary and a sequence length beyond those of --init-from", [
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
    const sized = ["--batch-size", "4", "--steps", "5"];
    match(errorLine(await runsTo(2, [...args, ...sized, "--seq-len", "128"])), /128.*64|64.*128/);
    const wide = [...args, ...sized, "--seq-len", "64", "--vocab-size", "1000"];
    match(errorLine(await runsTo(2, wide)), /1000/);
  });
});

/** English text of `lines` lines. */
function lawText(lines: number): string {
  return [...Array(lines).keys()].map((i) => `the people of state ${i} have that law and it is good.`).join(
    "\n",
  );
}

/** Returns an llm.c shard whose header says `count` tokens; ids repeat from 0 to `ids - 1`. */
function shardOf(count: number, ids: number): Uint8Array<ArrayBuffer> {
  const tokens = Math.min(count, 5000);
  const bytes = new Uint8Array(1024 + 2 * tokens);
  new Int32Array(bytes.buffer, 0, 3).set([20240520, 1, count]);
  new Uint16Array(bytes.buffer, 1024).set(Array.from({ length: tokens }, (_, i) => i % ids));
  return bytes;
}
