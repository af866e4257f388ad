/**
 * Tests pipelines in sequence, each on the output of the one before, and runs of other programs that are
 * reproduced on the command line.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { sharedTest } from "../shared_data.ts";
import { llmcCourse } from "./llmc_course.ts";
import { eventsOf, readUntil, runsTo, task, withFolder } from "./program.ts";
import { pathOfUrl } from "../../stages/disk/paths.ts";

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

    // The run has a copy of the shards' tokenizer.
    const sampling = ["sample", "--checkpoint", `${dir}/train`];
    const asked = [...sampling, "--prompt", "The people", "--max-tokens", "16"];
    const greedy = [...asked, "--temperature", "0"];
    const { out: text } = await runsTo(0, greedy);
    ok(text.startsWith("The people") && text.length > 12, text);
    strictEqual((await runsTo(0, greedy)).out, text);
    const drawn = (await runsTo(0, [...asked, "--seed", "5"])).out;
    strictEqual(
      (await runsTo(0, [...asked, "--seed", "5", "--checkpoint", `${dir}/train/checkpoints`])).out,
      drawn,
    );
    const lines = (await runsTo(0, [...greedy, "--json"])).out.trimEnd().split("\n").map((line) =>
      JSON.parse(line)
    );
    strictEqual(`${lines.find((e) => e.type === "sample").text}\n`, text.slice("The people".length));
    strictEqual(lines.at(-1).type, "done");
    // Text is printed as it is generated, and the program ends when its standard output is closed.
    const endless = await readUntil("people", [...asked, "--max-tokens", "1000000"]);
    deepStrictEqual([endless.code, endless.err.includes("error")], [0, false], endless.err);
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

Deno.test("every pipeline prints its help and its plan without running or writing", async () => {
  await withFolder(async (dir) => {
    await Deno.writeFile(
      `${dir}/a.bin`,
      new Uint8Array(new Int32Array(2 * 256).fill(0).map((_, i) => [20240520, 1, 512][i] ?? 0).buffer),
    );
    const needs: Readonly<Record<string, readonly string[]>> = {
      "fineweb": [],
      "fineweb-gpt2": ["--tokenizer", "byte"],
      "tokenize": [],
      "tokenizer": [],
      "train": ["--train-shards", `${dir}/a.bin`, "--vocab-size", "512"],
      "sample": [],
    };
    const { out: list } = await runsTo(0, []);
    for (const [name, args] of Object.entries(needs)) {
      match(list, new RegExp(`^  ${name} `, "m"));
      match((await runsTo(0, [name, "--help", "all"])).out, /--seed N/);
      if (name === "sample") continue; // its plan needs a checkpoint
      const { out } = await runsTo(0, [name, ...args, "--out", `${dir}/run`, "--dry-run"]);
      match(out, /Stages/);
      if (args.length > 0) match(out, /parameters +[\d,]+[\s\S]*FLOPs per step[\s\S]*activation/);
    }
    deepStrictEqual([...Deno.readDirSync(dir)].map((entry) => entry.name), ["a.bin"]);
  });
});

Deno.test("a closed pipe ends the program without an error, and ends a run with a checkpoint", async () => {
  await withFolder(async (dir) => {
    const args = [
      "fineweb-gpt2",
      "--out",
      `${dir}/run`,
      ...model,
      "--vocab-size",
      "512",
      "--val-tokens",
      "4096",
    ];
    const cut = await readUntil('"step":0', [...args, "--steps", "100000", "--json"]);
    strictEqual(cut.code, 130, cut.err);
    match(cut.err, /^Interrupted: checkpoint .*\nTo resume: .*\n$/);
    for (const line of cut.out.split("\n").slice(0, -1)) JSON.parse(line);
    const events = await eventsOf(`${dir}/run`);
    deepStrictEqual(events.at(-1), { type: "done", reason: "interrupted" });
    const steps = events.filter((e) => e.type === "step").length;
    const quiet = await runsTo(0, [
      "fineweb-gpt2",
      "--out",
      `${dir}/run`,
      "--steps",
      `${steps + 2}`,
      "--quiet",
    ]);
    strictEqual(quiet.err, "");
    match(quiet.out, /^Validation loss [^\n]+\n[^\n]+ words of ten samples [^\n]+\n$/); // no hints
  });
});

Deno.test({
  name: "help and progress into a closed pipe end without an error",
  ignore: Deno.build.os === "windows", // Windows has no sh
  fn: () =>
    withFolder(async (dir) => {
      const words = [Deno.execPath(), ...task, "fineweb-gpt2"].join(" ");
      const piped = async (line: string) => {
        const { stderr, stdout } = await new Deno.Command("sh", { args: ["-c", line], cwd: root }).output();
        return [new TextDecoder().decode(stdout), new TextDecoder().decode(stderr)];
      };
      deepStrictEqual(await piped(`${words} --help | true`), ["", ""]);
      const [said, more] = await piped(
        `${words} --out ${dir}/run ${model.join(" ")} --steps 100000 2>&1 | head -n 1`,
      );
      match(said, /^fineweb-gpt2 in .*, from the beginning\n$/);
      strictEqual(more, "");
    }),
});

const root = pathOfUrl(new URL("../../", import.meta.url));

llmcCourse("cpu");

sharedTest(
  "sample generates from llm.c's model, and says which tokenizer is missing",
  ["golden/gpt.bin"],
  async (path) => {
    const asked = [
      "sample",
      "--checkpoint",
      path("golden/gpt.bin"),
      "--max-tokens",
      "8",
      "--temperature",
      "0",
    ];
    match((await runsTo(2, asked)).err, /gpt2 .*50257 tokens.*512: give --tokenizer/);
    const bytes = [...asked, "--tokenizer", "byte", "--prompt", "x"];
    const { out } = await runsTo(0, bytes);
    ok(out.startsWith("x") && out.length > 2, out);
    strictEqual((await runsTo(0, bytes)).out, out);
  },
);
