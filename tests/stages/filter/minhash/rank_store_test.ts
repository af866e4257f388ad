import { deepStrictEqual, ok, rejects } from "node:assert/strict";
import { philox } from "../../../../kernels/random/philox.ts";
import { asSource } from "../../../../stages/flow/as_source.ts";
import { from } from "../../../../stages/flow/flow.ts";
import { checkSource, checkStage } from "../../../../stages/flow/check_resume.ts";
import { minhashClusters } from "../../../../stages/filter/minhash/minhash_clusters.ts";
import { dropDuplicates } from "../../../../stages/filter/minhash/drop_duplicates.ts";
import { storedDocuments, storeRankDocuments } from "../../../../stages/filter/minhash/rank_store.ts";
import type { Document } from "../../../../stages/items.ts";
import { withFolder } from "../../../temporary.ts";

/** Variants of 40 original documents with one changed word each; some have too few words for a signature. */
const docs: Document[] = Array.from({ length: 200 }, (_, i) => {
  const parent = philox(1, "parents", i)[0] % 40;
  const words = Array.from({ length: 60 }, (_, k) => letters(philox(2, `parent ${parent}`, k)[0] % 5000));
  words[philox(3, "changed", i)[0] % 60] = "changed";
  return { id: `${i}`, text: words.slice(0, i % 19 === 0 ? 3 : 60).join(" ") };
});

function letters(number: number): string {
  return number.toString().replace(/\d/g, (digit) => "abcdefghij"[Number(digit)]);
}

/**
 * Stores the documents as several processes would: process `i` stores `sizes[i]` documents, and the last
 * process runs first.
 */
async function store(dir: string, sizes: readonly number[]): Promise<void> {
  const starts = sizes.map((_, i) => sizes.slice(0, i).reduce((sum, size) => sum + size, 0));
  for (const rank of sizes.keys().toArray().reverse()) {
    const part = docs.slice(starts[rank], starts[rank] + sizes[rank]);
    await from(asSource("docs", () => part)).pipe(storeRankDocuments({ dir, rank, sign: {} })).run();
  }
}

Deno.test("dropDuplicates() after any number of processes keeps the same documents as minhashClusters()", () =>
  withFolder(async (dir) => {
    const single = from(asSource("docs", () => docs)).pipe(minhashClusters({ dir: `${dir}/single` }));
    const expected = await Array.fromAsync(single.stream());
    ok(expected.length > 40 && expected.length < 80, `${expected.length} kept`);
    for (const [i, sizes] of [[200], [50, 50, 50, 50], [0, 199, 0, 1, 0]].entries()) {
      const place = { dir: `${dir}/${i}`, world: sizes.length };
      await store(place.dir, sizes);
      const flow = from(storedDocuments(place)).pipe(dropDuplicates(place));
      deepStrictEqual(await Array.fromAsync(flow.stream()), expected);
    }
  }));

Deno.test("storeRankDocuments(), storedDocuments() and dropDuplicates() can be resumed after any item", () =>
  withFolder(async (dir) => {
    await checkStage(() => storeRankDocuments({ dir: `${dir}/law`, rank: 2, sign: {} }), docs.slice(0, 8));
    await store(dir, [5, 0, 6]);
    await checkSource(storedDocuments({ dir, world: 3 }));
    await checkStage(() => dropDuplicates({ dir }), docs.slice(0, 11));
  }));

Deno.test("dropDuplicates() refuses signatures made with other options", () =>
  withFolder(async (dir) => {
    for (const rank of [0, 1]) {
      const part = asSource("docs", () => docs.slice(0, 5));
      await from(part).pipe(
        storeRankDocuments({ dir, rank, sign: { recipe: rank === 0 ? "current" : "release" } }),
      )
        .run();
    }
    const flow = from(storedDocuments({ dir, world: 2 })).pipe(dropDuplicates({ dir }));
    await rejects(Array.fromAsync(flow.stream()), /recipe is current in rank 0 and release in rank 1/);
  }));
