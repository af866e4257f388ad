/**
 * Tests deduplication in steps, as several processes do it: sign, compare the buckets, cluster, drop.
 *
 * @module
 */
import { deepStrictEqual, match, notDeepStrictEqual, ok, rejects, throws } from "node:assert/strict";
import { philox } from "../../../../kernels/random/philox.ts";
import { asSource } from "../../../../stages/flow/as_source.ts";
import { from } from "../../../../stages/flow/flow.ts";
import { clusterDocuments } from "../../../../stages/filter/minhash/cluster_documents.ts";
import { compareBucket } from "../../../../stages/filter/minhash/compare_bucket.ts";
import { dropDuplicates } from "../../../../stages/filter/minhash/drop_duplicates.ts";
import { minhashClusters } from "../../../../stages/filter/minhash/minhash_clusters.ts";
import { pairsPath } from "../../../../stages/filter/minhash/pairs_file.ts";
import { storedDocuments, storeRankDocuments } from "../../../../stages/filter/minhash/rank_store.ts";
import { readClusters, readRemoval, removalPath } from "../../../../stages/filter/minhash/removal.ts";
import type { SignatureRecords } from "../../../../stages/filter/minhash/signature_set.ts";
import { signaturePath } from "../../../../stages/filter/minhash/sort_signatures.ts";
import { addressCounter, pii } from "../../../../stages/filter/pii/pii.ts";
import type { Document } from "../../../../stages/items.ts";
import { withFolder } from "../../../temporary.ts";

/** Variants of 30 original documents; every third has an address of each kind, and some are too short. */
const docs: Document[] = Array.from({ length: 120 }, (_, i) => {
  const parent = philox(1, "parents", i)[0] % 30;
  const words = Array.from({ length: 100 }, (_, k) => letters(philox(2, `parent ${parent}`, k)[0] % 5000));
  for (let k = 0; k < 1 + i % 2; k++) words[philox(3, `changed ${i}`, k)[0] % 100] = letters(i);
  const text = words.slice(0, i % 19 === 0 ? 3 : 100).join(" ");
  return { id: `${i}`, text: i % 3 === 0 ? `${text} jane@doe.org 8.8.8.8` : text };
});

function letters(number: number): string {
  return number.toString().replace(/\d/g, (digit) => "abcdefghij"[Number(digit)]);
}

const countAddresses = addressCounter("current");

/** Runs the first step of each rank. The first of several ranks has no documents. */
async function sign(dir: string, ranks: number, records: SignatureRecords = "full"): Promise<void> {
  for (let rank = 0; rank < ranks; rank++) {
    const [begin, end] = ranks === 1
      ? [0, docs.length]
      : [rank - 1, rank].map((at) => Math.max(0, Math.floor(at * docs.length / (ranks - 1))));
    await from(asSource("docs", () => docs.slice(begin, end)))
      .pipe(storeRankDocuments({ dir, rank, sign: {}, records, countAddresses }))
      .run();
  }
}

/** Runs the other steps; buckets in any order. Returns the documents in the order of their ranks. */
async function deduplicate(dir: string, ranks: number): Promise<Document[]> {
  for (const i of Array(14).keys()) await compareBucket({ dir, bucket: 5 * i % 14 });
  const clusters = await clusterDocuments({ dir });
  const kept: Document[] = [];
  for (let rank = ranks - 1; rank >= 0; rank--) {
    const { addresses } = clusters.ranks[rank];
    ok(addresses !== null);
    const flow = from(storedDocuments({ dir, world: ranks, rank }))
      .pipe(dropDuplicates({ dir, rank }))
      .pipe(pii({ before: addresses }));
    kept.unshift(...await Array.fromAsync(flow.stream()));
  }
  return kept;
}

async function inOneProcess(dir: string, records: SignatureRecords): Promise<Document[]> {
  const flow = from(asSource("docs", () => docs)).pipe(minhashClusters({ dir, records })).pipe(pii());
  return await Array.fromAsync(flow.stream());
}

for (const records of ["full", "short"] as const) {
  Deno.test(`the steps of 1, 2, 4 and 7 ranks keep the documents of one process: ${records} records`, () =>
    withFolder(async (dir) => {
      const expected = await inOneProcess(`${dir}/one`, records);
      ok(expected.length > 25 && expected.length < 60, `${expected.length} kept`);
      ok(expected.some(({ text }) => text.includes("firstname.lastname@example.org 126.96.36.199")));
      for (const ranks of [1, 2, 4, 7]) {
        await sign(`${dir}/${ranks}`, ranks, records);
        deepStrictEqual(await deduplicate(`${dir}/${ranks}`, ranks), expected, `${ranks} ranks`);
      }
      const bytes = Deno.statSync(signaturePath(`${dir}/1`, { bucket: 0, rank: 0 })).size;
      deepStrictEqual(bytes % (records === "full" ? 68 : 12), 0);
    }));
}

Deno.test("short records find the clusters of full ones", () =>
  withFolder(async (dir) => {
    const [full, short] = await Promise.all(
      (["full", "short"] as const).map((records) => inOneProcess(`${dir}/${records}`, records)),
    );
    deepStrictEqual(full.length, short.length);
    const words = (kept: readonly Document[]) => kept.map(({ text }) => text.split(" ")[30]).sort();
    ok(words(full).filter((word, i) => word === words(short)[i]).length > 0.8 * full.length);
  }));

Deno.test("compareBucket() and clusterDocuments() do not repeat what is done, and repeat it after a change", () =>
  withFolder(async (dir) => {
    await sign(dir, 2);
    const expected = await deduplicate(dir, 2);
    const times = () =>
      [pairsPath({ dir, bucket: 3 }), removalPath(dir, 1)].map((path) => Deno.statSync(path).ino);
    const before = times();
    deepStrictEqual(await deduplicate(dir, 2), expected);
    deepStrictEqual(times(), before);
    await from(asSource("docs", () => docs.slice(0, 4))).pipe(
      storeRankDocuments({ dir, rank: 0, sign: {}, countAddresses }),
    ).run();
    await rejects(clusterDocuments({ dir }), /bucket 0 has not been compared since they were signed/);
    notDeepStrictEqual(await deduplicate(dir, 2), expected);
    notDeepStrictEqual(times(), before);
  }));

Deno.test("the steps refuse intermediate files that are missing, truncated or changed, by name", () =>
  withFolder(async (dir) => {
    await sign(dir, 2);
    await rejects(clusterDocuments({ dir }), { name: "NotFound", message: /bucket 0 has not been compared/ });
    const drop = () =>
      Array.fromAsync(
        from(storedDocuments({ dir, world: 2, rank: 1 })).pipe(dropDuplicates({ dir, rank: 1 })).stream(),
      );
    await rejects(drop, /have not been clustered: cluster them first/); // the flow wraps the error
    const expected = await deduplicate(dir, 2);
    const pairs = pairsPath({ dir, bucket: 2 }), removal = removalPath(dir, 1);
    const addresses = `${dir}/00001.addresses`;
    const cases: readonly (readonly [string, RegExp, () => Promise<unknown>])[] = [
      [pairs, /bucket_002\/pairs: it has \d+ bytes, but \d+ pairs have/, () => clusterDocuments({ dir })],
      [removal, /000001.remove: it has \d+ bytes, but \d+ documents have/, drop],
      [addresses, /00001.addresses: it has \d+ bytes, but \d+ records have/, () => clusterDocuments({ dir })],
    ];
    for (const [path, message, step] of cases) {
      if (step !== drop) await Deno.remove(`${dir}/clusters.json`);
      const bytes = await Deno.readFile(path);
      await Deno.writeFile(path, bytes.slice(0, -4));
      await rejects(step, message, path);
      if (path !== addresses) {
        await Deno.writeFile(path, bytes.map((byte, i) => i === 0 ? byte ^ 1 : byte));
        await rejects(step, /its SHA-256 is/, path);
      }
      await Deno.writeFile(path, bytes);
      deepStrictEqual(await deduplicate(dir, 2), expected);
    }
    const stored = `${dir}/00001.documents`, bytes = await Deno.readFile(stored);
    const [length] = new Uint32Array(bytes.slice(0, 4).buffer);
    const cut = bytes.length === 8 + length ? 0 : 8 + length; // at the end of a part
    for (
      const [damaged, message] of [
        [
          bytes.slice(0, cut),
          /00001.documents: it has \d+ documents, \d+ were signed: repeat the first step/,
        ],
        [bytes.slice(0, -1), /part at byte 0 has \d+ bytes, but the file is shorter/],
        [bytes.slice(0, 5), /the file ends 3 bytes early/],
        [
          bytes.map((byte, i) => i === 3 ? 0xff : byte),
          /part at byte 0 has \d+ bytes, but the file is shorter/,
        ],
        [bytes.map((byte, i) => i === 40 ? byte ^ 1 : byte), /part at byte 0 cannot be decompressed/],
        [bytes.map((byte, i) => i === 4 ? byte ^ 1 : byte), /part at byte 0 has \d+ documents instead of/],
      ] as const
    ) {
      await Deno.writeFile(stored, damaged);
      await rejects(drop, message);
    }
    await Deno.writeFile(stored, bytes);
    for (const name of ["clusters.json", "bucket_002/pairs.json"]) {
      await Deno.remove(`${dir}/clusters.json`);
      await Deno.writeTextFile(`${dir}/${name}`, '{"pairs":');
      await rejects(clusterDocuments({ dir }), { name: "InvalidData", message: /delete it/ });
      await Deno.remove(`${dir}/${name}`);
      await deduplicate(dir, 2);
    }
    throws(() => readRemoval(dir, 9).next(), Deno.errors.NotFound);
    match(String(readClusters(dir)?.signatures), /^[0-9a-f]{64}$/);
  }));

Deno.test("compareBucket() keeps one record of each set if the memory is less", () =>
  withFolder(async (dir) => {
    await sign(dir, 7);
    const expected = await compareBucket({ dir, bucket: 0 });
    await Deno.remove(`${pairsPath({ dir, bucket: 0 })}.json`);
    deepStrictEqual(await compareBucket({ dir, bucket: 0, memory: 1 }), expected);
  }));
