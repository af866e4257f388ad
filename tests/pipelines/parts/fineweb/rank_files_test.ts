/**
 * Tests which files of other processes a process of `fineweb` fetches.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert/strict";
import { isReadByRank } from "../../../../pipelines/parts/fineweb/rank_files.ts";

const files = [
  "plan.jsonl",
  "ranks/00003/config.json",
  "minhash/00003.documents",
  "minhash/00004.documents",
  "minhash/bucket_003/00004.minhash.sig",
  "minhash/clusters.json",
  "removed/minhash/00003.jsonl.gz",
  "documents/00003.jsonl.gz",
];

Deno.test("isReadByRank() knows what each step of fineweb reads", () => {
  const read = (folder: string): number[] =>
    files.flatMap((path, i) => isReadByRank(folder, path) ? [i] : []);
  deepStrictEqual(read("plan"), []);
  deepStrictEqual(read("00003"), [0]);
  deepStrictEqual(read("buckets"), [1, 4, 5]);
  deepStrictEqual(read("buckets-00003"), [1, 4, 5]);
  deepStrictEqual(read("clusters"), [1, 4, 5]);
  deepStrictEqual(read("dedup-00003"), [1, 2, 4, 5]);
  deepStrictEqual(read("dedup"), [1, 2, 3, 4, 5, 6]);
});
