/**
 * Deduplicates documents of many ranks in steps, and merges their shards: `many_ranks_script.ts FOLDER
 * RANKS`. Prints how many documents are kept, and how many shards are merged. Run with a low limit of open
 * files.
 *
 * @module
 */
import { asSource } from "../../../stages/flow/as_source.ts";
import { from } from "../../../stages/flow/flow.ts";
import { clusterDocuments } from "../../../stages/filter/minhash/cluster_documents.ts";
import { compareBucket } from "../../../stages/filter/minhash/compare_bucket.ts";
import { dropDuplicates } from "../../../stages/filter/minhash/drop_duplicates.ts";
import { storedDocuments, storeRankDocuments } from "../../../stages/filter/minhash/rank_store.ts";
import { mergeShards } from "../../../stages/shard/merge_shards.ts";
import { shard } from "../../../stages/shard/shard.ts";

const [dir, count] = Deno.args, ranks = Number(count), minhash = `${dir}/minhash`;

/** Ranks r and r + 50 have the same words. */
function textOf(rank: number): string {
  return Array.from({ length: 20 }, (_, k) => letters((rank % 50) * 20 + k)).join(" ");
}

function letters(number: number): string {
  return number.toString().replace(/\d/g, (digit) => "abcdefghij"[Number(digit)]);
}

for (let rank = 0; rank < ranks; rank++) {
  await from(asSource("docs", () => [{ id: `${rank}`, text: textOf(rank) }]))
    .pipe(storeRankDocuments({ dir: minhash, rank, sign: {}, records: "short" }))
    .run();
  await from(asSource("tokens", () => [{ id: `${rank}`, ids: new Uint32Array(3), bytes: 3 }]))
    .pipe(shard({ dir: `${dir}/${rank}`, vocabSize: 9, mayBeEmpty: true }))
    .run();
}
for (let bucket = 0; bucket < 14; bucket++) await compareBucket({ dir: minhash, bucket });
await clusterDocuments({ dir: minhash });
let kept = 0;
for (let rank = 0; rank < ranks; rank++) {
  const flow = from(storedDocuments({ dir: minhash, world: ranks, rank }))
    .pipe(dropDuplicates({ dir: minhash, rank }));
  kept += (await Array.fromAsync(flow.stream())).length;
}
await Deno.mkdir(`${dir}/shards`);
const folders = Array.from({ length: ranks }, (_, rank) => `${dir}/${rank}`);
const { shards } = await mergeShards(folders, `${dir}/shards`);
console.log(JSON.stringify({ kept, shards }));
