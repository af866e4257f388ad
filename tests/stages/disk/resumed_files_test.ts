/**
 * Cuts the power at every call of runs whose checkpoints are the states of their barriers alone: what such a
 * state counts on must have been synced by the stage itself.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { asSource } from "../../../stages/flow/as_source.ts";
import type { Checkpoints } from "../../../stages/flow/checkpoint/checkpoint.ts";
import { from } from "../../../stages/flow/flow.ts";
import { rule, type Stage } from "../../../stages/flow/stage.ts";
import { dropDuplicates } from "../../../stages/filter/minhash/drop_duplicates.ts";
import { KeyIndex } from "../../../stages/filter/minhash/key_index.ts";
import { minhashClusters } from "../../../stages/filter/minhash/minhash_clusters.ts";
import { minhashSeen } from "../../../stages/filter/minhash/minhash_seen.ts";
import { storedDocuments, storeRankDocuments } from "../../../stages/filter/minhash/rank_store.ts";
import type { Document, Tokens } from "../../../stages/items.ts";
import { GrowingShard } from "../../../stages/shard/growing_shard.ts";
import { shard } from "../../../stages/shard/shard.ts";
import { writeDocuments, writeRemoved } from "../../../stages/sink/documents.ts";
import { writeParquet } from "../../../stages/sink/parquet.ts";
import { atEveryCall, checkResumedFiles, filesBelow } from "./power_cuts.ts";

const sign = { buckets: 2 }; // two buckets have as many kinds of files as the default of 14
const words = "alpha beta gamma delta epsilon zeta eta theta iota kappa".split(" ");

/** Documents of which every third one repeats the one before it. */
function documents(count: number): Document[] {
  return Array.from({ length: count }, (_, i) => {
    const original = i % 3 === 2 ? i - 1 : i;
    return { id: `${i}`, text: words.map((word) => `${word} ${words[original % 10]}`).join(" ") };
  });
}

function tokens(count: number): Tokens[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `document ${i}`,
    ids: Uint32Array.from({ length: 3 + i % 3 }, (_, j) => 10 * i + j),
    bytes: 7,
  }));
}

/** Runs a source's items through stages with a checkpoint after every `every` items. */
async function runAll<T>(
  items: readonly T[],
  stages: readonly Stage<any, any>[],
  { checkpoints, every = 1 }: { readonly checkpoints: Checkpoints; readonly every?: number },
): Promise<void> {
  let flow = from<any>(asSource("items", () => items));
  for (const stage of stages) flow = flow.pipe(stage);
  await flow.run({ checkpoints, barrierEvery: every });
}

for (const format of ["llmc", "nanogpt"] as const) {
  Deno.test(`shard(), ${format}: a run resumed after a power cut leaves the same shards`, () =>
    checkResumedFiles((dir, checkpoints) => {
      const options = { dir: `${dir}/shards`, vocabSize: 300, extentTokens: 4, format };
      const stage = shard({ ...options, validationTokens: 8, ...(format === "llmc" && { shardTokens: 16 }) });
      return runAll(tokens(10), [stage], { checkpoints });
    }));
}

Deno.test("GrowingShard: a power cut after it was sealed leaves all of it under its final name", async () => {
  await atEveryCall(async (dir) => {
    const shard = await Promise.resolve(GrowingShard.create(`${dir}/train.bin`, { width: 2 }));
    try {
      shard.append(Uint32Array.of(1, 2, 3));
      shard.seal();
    } finally {
      shard.close();
    }
  }, async (dir, whole) => {
    const size = await Deno.stat(`${dir}/train.bin`).then(({ size }) => size, () => 0);
    ok(size === 1024 + 3 * 2 || !whole && size === 0, `${size} bytes`); // an llm.c header has 1024 bytes
  });
});

Deno.test("writeDocuments() and writeRemoved(): a run resumed after a power cut leaves the same files", () =>
  checkResumedFiles((dir, checkpoints) => {
    const short = rule<Document>("short", ({ id }) => Number(id) % 3 > 0 ? null : "short");
    return from(asSource("items", () => documents(9)))
      .pipe(short, { rejects: writeRemoved({ dir: `${dir}/removed`, name: "removed", fileBytes: 200 }) })
      .pipe(writeDocuments({ dir: `${dir}/documents`, fileBytes: 300 }))
      .run({ checkpoints, barrierEvery: 2 }); // the last item comes after the last barrier
  }));

Deno.test("writeParquet(): a run resumed after a power cut leaves the same files", () =>
  checkResumedFiles((dir, checkpoints) => {
    const stage = writeParquet({ dir: `${dir}/documents`, fileBytes: 20_000 });
    const rows = Array.from({ length: 3500 }, (_, i) => ({ id: `${i}`, text: "" })); // 1000 are a row group
    return runAll(rows, [stage], { checkpoints, every: 700 });
  }));

Deno.test("minhashSeen(): a run resumed after a power cut keeps the same documents", () =>
  checkResumedFiles((dir, checkpoints) => {
    const stages = [minhashSeen({ dir: `${dir}/minhash` }), writeDocuments({ dir: `${dir}/documents` })];
    return runAll(documents(6), stages, { checkpoints });
  }));

Deno.test("minhashClusters(): a run resumed after a power cut keeps the same documents", () =>
  checkResumedFiles((dir, checkpoints) => {
    const stages = [
      minhashClusters({ dir: `${dir}/minhash`, ...sign }),
      writeDocuments({ dir: `${dir}/documents` }),
    ];
    return runAll(documents(6), stages, { checkpoints, every: 2 });
  }, { filesOf: (dir) => textsIn(`${dir}/documents`) }));

Deno.test("storeRankDocuments(): a rank resumed after a power cut stores the same documents", () =>
  checkResumedFiles((dir, checkpoints) => {
    const stage = storeRankDocuments({ dir: `${dir}/minhash`, rank: 1, sign });
    return runAll(documents(6), [stage], { checkpoints, every: 2 });
  }, { filesOf: withoutRuns }));

/** The files below a folder without the temporary ones of sorting, whose removal need not be durable. */
function withoutRuns(dir: string): unknown {
  return Object.entries(filesBelow(dir)).filter(([path]) => !/\.run-\d+$/.test(path));
}

Deno.test("storeRankDocuments() without checkpoints: where its last file is, its documents are", async () => {
  const calls = await atEveryCall(async (dir) => {
    const store = storeRankDocuments({ dir: `${dir}/minhash`, rank: 0, sign });
    await from(asSource("items", () => documents(6))).pipe(store).run();
  }, async (dir, whole) => {
    const last = await Deno.stat(`${dir}/minhash/00000.json`).catch(() => null);
    strictEqual(last === null && whole, false);
    if (last === null) return;
    const stored = from(storedDocuments({ dir: `${dir}/minhash`, world: 1 })).stream();
    deepStrictEqual(await Array.fromAsync(stored), documents(6));
  });
  ok(calls > 20, `${calls} calls`);
});

Deno.test("dropDuplicates(): a run resumed after a power cut keeps the same documents", () =>
  checkResumedFiles(async (dir, checkpoints) => {
    const place = { dir: `${dir}/minhash`, world: 1 };
    if ((await checkpoints.latest()) === null) {
      const store = storeRankDocuments({ ...place, rank: 0, sign: { buckets: 1 } });
      await from(asSource("items", () => documents(3))).pipe(store).run();
    }
    await from(storedDocuments(place)).pipe(dropDuplicates(place))
      .pipe(writeDocuments({ dir: `${dir}/documents` })).run({ checkpoints, barrierEvery: 1 });
  }, { filesOf: (dir) => textsIn(`${dir}/documents`) }));

/** The lines of the compressed files in a folder. */
function textsIn(dir: string): readonly string[] {
  return Object.values(filesBelow(dir)).map((hex) => gunzipSync(Uint8Array.fromHex(hex)).toString());
}

Deno.test("KeyIndex: after a power cut at any call, it opens with the keys of the last sync and no others", async () => {
  const keys = Array.from({ length: 40 }, (_, i) => (i + 1) * 2 ** 40);
  let synced = 0;
  const calls = await atEveryCall(async (dir) => {
    await Promise.resolve();
    synced = 0;
    using closing = new DisposableStack();
    const index = closing.adopt(new KeyIndex({ dir: `${dir}/keys`, held: 2 }), (index) => index.close());
    for (const key of keys) {
      index.add(key);
      if (index.count % 3 !== 0) continue;
      index.sync();
      synced = index.count;
    }
  }, async (dir) => {
    await Promise.resolve();
    const index = new KeyIndex({ dir: `${dir}/keys`, held: 2, count: synced });
    try {
      deepStrictEqual(keys.filter((key) => index.has(key)), keys.slice(0, synced));
    } finally {
      index.close();
    }
  });
  ok(calls > 100, `${calls} calls`);
});
