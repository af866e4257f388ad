/**
 * Tests that `tokenize` in steps gives the tokens of one process although each step is killed.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { killedAt, runsTo, withFolder } from "../program.ts";
import { tokenizeOptions, writeTexts } from "./texts.ts";
import { tokensOf } from "./tokens.ts";

Deno.test("tokenize killed in the plan, in ranks and in the merge leaves the same tokens after the command is typed again", async () => {
  await withFolder(async (dir) => {
    const args = ["--source", await writeTexts(dir), ...tokenizeOptions];
    await runsTo(0, ["tokenize", ...args, "--out", `${dir}/one`]);
    const out = `${dir}/killed`, kills: string[] = [], pipeline = "tokenize";
    await Deno.mkdir(out);
    const step = async (words: readonly string[], moments: readonly string[]): Promise<void> => {
      const all = [...words, "--quiet"];
      for (const moment of moments) {
        if (await killedAt(moment, { out, args: all, pipeline })) kills.push(`${words} ${moment}`);
      }
      await runsTo(0, ["tokenize", ...all, "--out", out]);
    };
    await step([...args, "--world", "2", "--only", "plan"], ["config.json", "plan.jsonl"]);
    for (const rank of ["0", "1"]) {
      const moments = ["metrics.jsonl", "checkpoints", "train_000000", "documents.jsonl", "shards.json"];
      await step(["--rank", rank, "--world", "2"], moments);
    }
    await step(["--only", "merge"], ["moves.json", "train_000001", "shards/shards.json"]);
    ok(kills.length >= 6, `killed at ${kills.join(", ")}`);
    for (const part of ["train", "val"]) {
      deepStrictEqual(tokensOf(`${out}/shards`, part), tokensOf(`${dir}/one/shards`, part), part);
    }
  });
});
