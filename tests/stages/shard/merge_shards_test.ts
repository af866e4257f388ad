import { deepStrictEqual, rejects } from "node:assert/strict";
import { disk } from "../../../stages/disk/disk.ts";
import { asSource } from "../../../stages/flow/as_source.ts";
import { from } from "../../../stages/flow/flow.ts";
import { mergeShards } from "../../../stages/shard/merge_shards.ts";
import { shard } from "../../../stages/shard/shard.ts";
import { readShardSummary } from "../../../stages/shard/summary.ts";
import { withFolder } from "../../temporary.ts";

/** Writes shards of four tokens for each list of documents. Returns their folders. */
async function write(dir: string, ranks: readonly (readonly number[])[], vocabSize = 100): Promise<string[]> {
  const folders = ranks.map((_, rank) => `${dir}/${rank}`);
  for (const [rank, sizes] of ranks.entries()) {
    const docs = sizes.map((size, i) => ({
      id: `${rank}-${i}`,
      ids: new Uint32Array(size).fill(10 * rank + i),
      bytes: size,
    }));
    await from(asSource("tokens", () => docs))
      .pipe(shard({ dir: folders[rank], vocabSize, shardTokens: 4, extentTokens: 2, mayBeEmpty: true }))
      .run();
  }
  return folders;
}

const ranks = [[3, 4], [], [9]];
const expected = [0, 1, 2, 3, 4].map((i) => `train_00000${i}`);

function filesIn(dir: string): string[] {
  return [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
}

async function checkMerged(dir: string): Promise<void> {
  const names = ["documents.jsonl", "bin"].flatMap((ending) => expected.map((name) => `${name}.${ending}`));
  deepStrictEqual(filesIn(dir), [...names, "shards.json"].sort());
  const ids = expected.flatMap((name) => {
    const bytes = Deno.readFileSync(`${dir}/${name}.bin`);
    return [...new Uint16Array(bytes.buffer, 1024)];
  });
  deepStrictEqual(ids, [...Array(3).fill(0), ...Array(4).fill(1), ...Array(9).fill(20)]);
  deepStrictEqual((await readShardSummary(dir))?.training, { tokens: 16, bytes: 16, documents: 3 });
}

Deno.test("mergeShards() numbers the shards of all ranks, some empty, and adds up their sums", () =>
  withFolder(async (dir) => {
    const folders = await write(dir, ranks);
    await Deno.mkdir(`${dir}/all`);
    deepStrictEqual((await mergeShards(folders, `${dir}/all`)).shards, 5);
    await checkMerged(`${dir}/all`);
  }));

Deno.test("mergeShards() continues after an interruption at any rename", () =>
  withFolder(async (dir) => {
    const { renameSync } = disk;
    for (let moment = 0; moment < 12; moment++) {
      const place = `${dir}/${moment}`, folders = await write(place, ranks);
      await Deno.mkdir(`${place}/all`);
      let renames = 0;
      disk.renameSync = (from, to) => {
        if (renames++ === moment) throw new Error("power cut");
        renameSync(from, to);
      };
      try {
        await rejects(mergeShards(folders, `${place}/all`), /power cut/);
      } finally {
        disk.renameSync = renameSync;
      }
      await mergeShards(folders, `${place}/all`);
      await checkMerged(`${place}/all`);
    }
  }));

Deno.test("mergeShards() refuses shards of two vocabularies, folders without shards, and no tokens at all", () =>
  withFolder(async (dir) => {
    await Deno.mkdir(`${dir}/all`);
    const [a] = await write(`${dir}/a`, [[3]]), [b] = await write(`${dir}/b`, [[3]], 200);
    await rejects(mergeShards([a, b], `${dir}/all`), /b\/0 200: encode them with one tokenizer/);
    await rejects(mergeShards([a, dir], `${dir}/all`), {
      name: "NotFound",
      message: /it has no shards.json/,
    });
    await rejects(mergeShards(await write(`${dir}/c`, [[]]), `${dir}/all`), /no tokens to train on/);
    deepStrictEqual(filesIn(`${dir}/all`), []);
  }));
