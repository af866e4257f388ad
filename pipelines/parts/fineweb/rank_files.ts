/**
 * Which files of other processes each process of one job reads. They are fetched from an object store if that
 * is all that the processes share.
 *
 * @module
 */

/**
 * Returns whether a process reads a file that another has written. `folder` is the name of its folder in
 * `<out>/ranks`: "00003" for the filters of rank 3, otherwise "plan", "buckets", "clusters" or "dedup", the
 * last and "buckets" also with a rank, such as "dedup-00003". `path` is relative to `out`.
 */
export function isReadByRank(folder: string, path: string): boolean {
  const [, step = "", rank = null] = /^([a-z]*)-?(\d+)?$/.exec(folder) ?? [];
  if (step === "plan") return false;
  if (step === "") return path === "plan.jsonl";
  // Which ranks have finished, with which options; at the end their events are merged.
  if (path.startsWith("ranks/")) return true;
  const own = rank === null || path.startsWith(`minhash/${rank}.`) || path.includes(`/${rank}.`);
  if (path.startsWith("removed/")) return step === "dedup" && rank === null;
  if (path.startsWith("documents/")) return false;
  if (path.endsWith(".documents")) return step === "dedup" && own;
  return path.startsWith("minhash/");
}
