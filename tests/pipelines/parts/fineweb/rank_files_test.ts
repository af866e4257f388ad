/**
 * Tests which files of other processes a process of `fineweb` fetches.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert/strict";
import { isReadByRank } from "../../../../pipelines/parts/fineweb/rank_files.ts";

const files = [
  "plan.jsonl",
  "ranks/00001/config.json",
  "minhash/00001.documents",
  "minhash/00002.documents",
  "minhash/00002.json",
  "minhash/000001.remove",
  "minhash/000011.remove",
  "minhash/bucket_003/00002.minhash.sig",
  "minhash/bucket_004/00002.minhash.sig",
  "minhash/bucket_004/pairs",
  "minhash/clusters.json",
  "removed/minhash/00002.jsonl.gz",
  "documents/00002.jsonl.gz",
  "minhash/00002.addresses",
  "ranks/plan/config.json",
  "removed/minhash/00000.jsonl.gz",
];

Deno.test("isReadByRank() knows what each step of fineweb reads", () => {
  const read = (options: Readonly<Record<string, unknown>>): number[] =>
    files.flatMap((path, i) => isReadByRank((name) => options[name], path) ? [i] : []);
  const rank1 = { rank: 1, world: 3 };
  deepStrictEqual(read({ only: "plan" }), []);
  deepStrictEqual(read(rank1), [0, 14]);
  deepStrictEqual(read({ only: "filter" }), [0, 14]);
  deepStrictEqual(read({ only: "buckets" }), [1, 4, 7, 8, 9, 10, 14]);
  deepStrictEqual(read({ only: "buckets", ...rank1 }), [1, 4, 8, 9, 10, 14]);
  deepStrictEqual(read({ only: "clusters" }), [1, 4, 9, 10, 13, 14]);
  deepStrictEqual(read({ only: "dedup", ...rank1 }), [1, 2, 4, 5, 10, 14]);
  deepStrictEqual(read({ only: "dedup" }), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15]);
  deepStrictEqual(read({ only: "report" }), [1, 14, 15]);
});
