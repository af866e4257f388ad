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

Deno.test("mergeShards() refuses shards that are cut, missing or another's before it moves one, and damaged moves", () =>
  withFolder(async (dir) => {
    const damages: readonly (readonly [RegExp, (folder: string) => void])[] = [
      [/train_000001.bin: it ends at byte 1030, expected 1032/, (folder) => {
        Deno.truncateSync(`${folder}/train_000001.bin`, 1030);
      }],
      [/magic number 0/, (folder) => Deno.writeFileSync(`${folder}/train_000002.bin`, new Uint8Array(1026))],
      [/they have 5 tokens, shards.json says 9: encode them again/, (folder) => {
        Deno.removeSync(`${folder}/train_000001.bin`);
      }],
      [/shards.json: it is not JSON/, (folder) => Deno.writeTextFileSync(`${folder}/shards.json`, '{"vocab')],
    ];
    for (const [i, [message, damage]] of damages.entries()) {
      const place = `${dir}/${i}`, folders = await write(place, ranks), before = filesIn(folders[0]);
      await Deno.mkdir(`${place}/all`);
      damage(folders[2]);
      await rejects(mergeShards(folders, `${place}/all`), message);
      deepStrictEqual([filesIn(`${place}/all`), filesIn(folders[0])], [[], before]);
    }
    const folders = await write(`${dir}/moves`, ranks);
    for (const text of ["[[", '[["a"]]', "null"]) {
      await Deno.writeTextFile(`${dir}/moves/moves.json`, text);
      await rejects(mergeShards(folders, `${dir}/moves`), /moves.json is damaged, which says which shards/);
    }
  }));
