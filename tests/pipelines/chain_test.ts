/**
 * The pipelines one after the other, each on what the one before left; and others' runs repeated by the command line.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { sharedTest } from "../shared_data.ts";
import { eventsOf, runsTo, withFolder } from "./program.ts";

const model = "--layers 1 --heads 2 --channels 16 --seq-len 32 --batch-size 4 --eval-batches 4".split(" ");

Deno.test("fineweb, tokenize, train and sample work one after the other", async () => {
  await withFolder(async (dir) => {
    const { out: filtered } = await runsTo(0, [
      "fineweb",
      "--source",
      "embedded:sotu",
      "--out",
      `${dir}/fineweb`,
    ]);
    match(filtered, /deno task pipeline tokenize --source/);
    const file = `${dir}/fineweb/documents/00000.jsonl.gz`;
    const rows = new TextDecoder().decode(gunzipSync(await Deno.readFile(file))).trimEnd().split("\n");
    const first = JSON.parse(rows[0]);
    ok(
      rows.length > 200 && first.language === "en" && first.language_score > 0.65 &&
        first.id.startsWith("sotu/"),
    );

    const glob = `${dir}/fineweb/documents/*.jsonl.gz`;
    const trained = ["--tokenizer", "train", "--vocab-size", "512", "--val-tokens", "8192"];
    await runsTo(0, ["tokenize", "--source", glob, "--out", `${dir}/tokens`, ...trained]);
    const shards = [
      ...[
        "--train-shards",
        `${dir}/tokens/shards/train_*.bin`,
        "--val-shards",
        `${dir}/tokens/shards/val_*.bin`,
      ],
      ...["--steps", "40", "--eval-every", "20", "--sample-every", "20", "--lr", "1e-2"],
    ];
    await runsTo(0, ["train", "--out", `${dir}/train`, ...shards, ...model]);
    const last = (await eventsOf(`${dir}/train`)).findLast((e) => e.type === "eval");
    ok(last.valLoss < last.unigramLoss && last.bitsPerByte > 0, JSON.stringify(last));

    const sampling = ["sample", "--checkpoint", `${dir}/train`, "--tokenizer", `${dir}/tokens/tokenizer`];
    const asked = [...sampling, "--prompt", "The people", "--max-tokens", "16", "--temperature", "0"];
    const { out: text } = await runsTo(0, asked);
    ok(text.startsWith("The people") && text.length > 12, text);
    strictEqual((await runsTo(0, asked)).out, text);
    const on = [
      "train",
      "--init-from",
      `${dir}/train`,
      "--out",
      `${dir}/on`,
      ...shards,
      ...model,
      "--steps",
      "2",
    ];
    await runsTo(0, [...on, "--lr", "1e-5", "--min-lr", "1e-5"]);
    const [begun] = (await eventsOf(`${dir}/on`)).filter((e) => e.type === "step");
    const ended = (await eventsOf(`${dir}/train`)).findLast((e) => e.type === "step");
    ok(
      Math.abs(begun.loss - ended.loss) < 0.5,
      `begins at ${begun.loss}, the run before ended at ${ended.loss}`,
    );
  });
});

Deno.test("every pipeline explains itself and plans without running or writing", async () => {
  await withFolder(async (dir) => {
    await Deno.writeFile(
      `${dir}/a.bin`,
      new Uint8Array(new Int32Array(2 * 256).fill(0).map((_, i) => [20240520, 1, 512][i] ?? 0).buffer),
    );
    const needs: Readonly<Record<string, readonly string[]>> = {
      "fineweb": [],
      "fineweb-gpt2": ["--tokenizer", "byte"],
      "tokenize": [],
      "train": ["--train-shards", `${dir}/a.bin`, "--vocab-size", "512"],
    };
    const { out: list } = await runsTo(0, []);
    for (const [name, args] of Object.entries(needs)) {
      match(list, new RegExp(`^  ${name} `, "m"));
      match((await runsTo(0, [name, "--help"])).out, /--out DIR/);
      const { out } = await runsTo(0, [name, ...args, "--out", `${dir}/run`, "--dry-run"]);
      match(out, /Stages/);
      if (args.length > 0) match(out, /parameters +[\d,]+[\s\S]*FLOPs a step[\s\S]*activation/);
    }
    deepStrictEqual([...Deno.readDirSync(dir)].map((entry) => entry.name), ["a.bin"]);
  });
});

const golden =
  "--shuffle none --batch-size 4 --seq-len 64 --lr 1e-3 --min-lr 1e-3 --schedule constant --warmup 0 --beta1 0.9 --beta2 0.999 --weight-decay 0 --grad-clip 0 --steps 20 --eval-every 0 --sample-every 0 --quiet"
    .split(" ");

sharedTest(
  "train --init-from llm.c's model on llm.c's tokens prints llm.c's losses",
  ["golden/gpt.bin", "golden/tokens.bin", "golden/llmc.txt"],
  async (path) => {
    await withFolder(async (dir) => {
      const from = ["--init-from", path("golden/gpt.bin"), "--train-shards", path("golden/tokens.bin")];
      await runsTo(0, ["train", ...from, "--out", `${dir}/run`, "--device", "cpu", ...golden]);
      const wanted = [
        ...(await Deno.readTextFile(path("golden/llmc.txt"))).matchAll(/^step \d+ loss ([\d.]+)/gm),
      ]
        .map((m) => Number(m[1]));
      const losses = (await eventsOf(`${dir}/run`)).filter((e) => e.type === "step").map((e) => e.loss);
      strictEqual(losses.length, 20);
      ok(wanted.length >= 20, `${wanted.length} losses in llmc.txt`);
      losses.forEach((loss, i) =>
        ok(Math.abs(loss - wanted[i]) < 2e-4, `step ${i}: ${loss}, llm.c ${wanted[i]}`)
      );
    });
  },
);
