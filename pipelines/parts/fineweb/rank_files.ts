/**
 * Which files of other processes each process of one job reads. They are fetched from an object store if that
 * is all that the processes share.
 *
 * @module
 */
import type { Lookup } from "../../cli/pipeline.ts";

/**
 * Returns whether a process with these options reads a file that another has written. `path` is relative to
 * `out`.
 */
export function isReadByRank(given: Lookup, path: string): boolean {
  const step = given("only") ?? "filter", rank = given("rank") ?? null, world = Number(given("world") ?? 1);
  switch (step) {
    case "filter":
    case "extract":
      return isOfPlan(path);
    case "report": // with samples of what the first rank has removed
      return path.startsWith("ranks/") || /^removed\/[^/]+\/00000\./.test(path);
    case "buckets":
    case "clusters":
    case "dedup":
      break;
    default:
      return false;
  }
  // Which ranks have finished, with which options; at the end their events are merged.
  if (path.startsWith("ranks/")) return true;
  // Without a rank, it does the steps before it too.
  if (step === "dedup" && rank === null) return /^(minhash|removed)\//.test(path);
  const [, bucket, file] = /^minhash\/(?:bucket_(\d+)\/)?([^/]+)$/.exec(path) ?? [];
  if (file === undefined) return false;
  if (bucket === undefined) {
    if (file.endsWith(".json")) return true;
    return step === "clusters" ? file.endsWith(".addresses") : step === "dedup" && parseInt(file) === rank;
  }
  const isSignature = file.endsWith(".sig");
  if (step === "clusters") return !isSignature; // the pairs
  return step === "buckets" && (rank === null || Number(bucket) % world === rank);
}

/** Returns whether a file belongs to the plan of a job, with the options that its ranks share. */
export function isOfPlan(path: string): boolean {
  return path === "plan.jsonl" || path.startsWith("ranks/plan/");
}
