/**
 * Tests that every step which ranks share ends with a hint on a full disk, and that the command typed again
 * continues to the same result once there is room.
 *
 * @module
 */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { recipe, rows, writeSources } from "../fineweb/ranks.ts";
import { errorLine, runsTo, withFolder } from "../program.ts";
import { type SmallDisk, smallDiskTest } from "../../small_disk.ts";
import { tokenizeOptions, writeTexts } from "./texts.ts";
import { tokensOf } from "./tokens.ts";

await smallDiskTest(
  "fineweb: each step on a full disk ends with a hint, and continues to the corpus of one process",
  "64m",
  (disk) =>
    withFolder(async (dir) => {
      const args = [...await writeSources(`${dir}/in`), ...recipe];
      await runsTo(0, ["fineweb", ...args, "--out", `${dir}/one`]);
      const out = ["--out", `${disk.folder}/run`, "--quiet"];
      const step = (...words: readonly string[]) => onFullDisk(disk, ["fineweb", ...words, ...out]);
      await step(...args, "--world", "2", "--only", "plan");
      for (const rank of ["0", "1"]) await step("--only", "filter", "--rank", rank);
      for (const rank of ["0", "1"]) await step("--only", "buckets", "--rank", rank);
      await step("--only", "clusters");
      for (const rank of ["1", "0"]) await step("--only", "dedup", "--rank", rank);
      for (const folder of ["documents", "removed/minhash", "removed/c4"]) {
        deepStrictEqual(rows(`${disk.folder}/run`, folder), rows(`${dir}/one`, folder), folder);
      }
    }),
);

await smallDiskTest(
  "tokenize: each step on a full disk ends with a hint, and continues to the tokens of one process",
  "64m",
  (disk) =>
    withFolder(async (dir) => {
      const args = ["--source", await writeTexts(dir), ...tokenizeOptions];
      await runsTo(0, ["tokenize", ...args, "--out", `${dir}/one`]);
      const out = ["--out", `${disk.folder}/run`, "--quiet"];
      const step = (...words: readonly string[]) => onFullDisk(disk, ["tokenize", ...words, ...out]);
      await step(...args, "--world", "2", "--only", "plan");
      for (const rank of ["0", "1"]) await step("--rank", rank, "--world", "2");
      await step("--only", "merge");
      for (const part of ["train", "val"]) {
        deepStrictEqual(tokensOf(`${disk.folder}/run/shards`, part), tokensOf(`${dir}/one/shards`, part));
      }
    }),
);

/** Runs a command on a disk that is full, on one with little room, and on one with room. */
async function onFullDisk({ folder }: SmallDisk, args: readonly string[]): Promise<void> {
  const filler = `${folder}/filler`;
  for (const room of [0, 24_000, 80_000]) {
    using file = await Deno.open(filler, { write: true, create: true });
    let size = 0;
    try {
      for (const block = new Uint8Array(4096);; size += block.length) await file.write(block);
    } catch {
      await file.truncate(Math.max(0, size - room)); // the disk was full
    }
    const finished = await runsTo(1, args).catch((error) => error);
    await Deno.remove(filler);
    if (finished instanceof Error) {
      // With a little room, a step may end well.
      strictEqual(room > 0 && /ended with 0/.test(finished.message), true, finished.message);
      return;
    }
    match(errorLine(finished), /disk is full.*make room/, args.join(" "));
  }
  await runsTo(0, args);
}
