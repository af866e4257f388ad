/**
 * The end of a process of `fineweb`: merges the results of several processes, deletes temporary files, and
 * prints where the documents are and which command to type next.
 *
 * @module
 */
import { entriesIn } from "../../../stages/disk/files.ts";
import { deleteDocumentStore } from "../../../stages/filter/minhash/minhash_clusters.ts";
import { deleteRankStores } from "../../../stages/filter/minhash/rank_store.ts";
import { speedLine } from "../../../stages/report/speed.ts";
import type { EndLines, RunSummary } from "../../../stages/run/record_run.ts";
import type { Env } from "../../cli/pipeline.ts";
import { outOption } from "../resume/free_folder.ts";
import { shellWord } from "../../cli/shell_word.ts";
import { planPath } from "../ranks/planned_parts.ts";
import type { RankWork } from "./rank_work.ts";
import { otherRanksFinished, writeMerged } from "./ranks.ts";

/** Finishes a process's work and returns the lines to print at the end. */
export async function finishRank(
  values: Readonly<Record<string, unknown>>,
  { env, work }: { readonly env: Env; readonly work: RankWork },
): Promise<EndLines> {
  const { out } = env,
    { step, world, rank } = work,
    command = `deno task pipeline fineweb --out ${shellWord(env.address)}`;
  if (step === "plan") {
    return {
      results: [`Plan:       ${planPath(out)}`],
      hints: [`Next:       for each rank R of N: ${command} --rank R --world N`],
    };
  }
  if (step === "first") {
    return {
      results: [`Set aside:  ${out}/minhash, removed documents with reasons: ${out}/removed`],
      hints: [`Next:       once all ${world} ranks are done: ${command} --only dedup`],
    };
  }
  if (step === "buckets") {
    return {
      results: [`Pairs:      ${out}/minhash`],
      hints: [`Next:       once all buckets are compared: ${command} --only clusters`],
    };
  }
  if (step === "clusters") {
    return {
      results: [`Clusters:   ${out}/minhash/clusters.json`],
      hints: [`Next:       ${command} --only dedup, for all documents or with --rank R for those of a rank`],
    };
  }
  if (step === "report") {
    return { results: [`All ranks:  ${out}/stats.json and ${out}/report.html`], hints: [] };
  }
  const isLast = step === "last", group = { out, world, rank: rank ?? 0, step: isLast ? "dedup-" : "" };
  const merges = isLast && rank === null || (isLast || world > 1) && await otherRanksFinished(group);
  if (merges) await writeMerged({ out, world, values }, { rank: isLast ? rank : rank ?? 0, isLast });
  if (isLast) deleteRankStores({ dir: `${out}/minhash`, world, rank });
  else deleteDocumentStore(`${out}/minhash`);
  const merged = merges ? [`All ranks:  ${out}/stats.json and ${out}/report.html`] : [];
  const waits = !merges && world > 1 && env.address !== out; // in a store, a rank does not see the others end
  const report = waits ? [`Next:       once all ranks are done: ${command} --only report`] : [];
  const files = (await entriesIn(`${out}/documents`))
    .filter(({ name }) => !name.endsWith(".partial"));
  if (files.length === 0) {
    return {
      results: [
        ...merged,
        `No document passed the filters: removed documents with reasons are in ${out}/removed`,
      ],
      hints: report,
    };
  }
  const glob = `${out}/documents/*${values.format === "parquet" ? ".parquet" : ".jsonl.gz"}`;
  return {
    results: [
      ...merged,
      `Documents:  ${out}/documents, removed documents with reasons: ${out}/removed`,
    ],
    hints: waits
      ? report
      : [`Next:       deno task pipeline tokenize --source ${shellWord(glob)}${outOption("tokenize")}`],
  };
}

/** Returns a line with the throughput of this process since it was last started or resumed, if it worked. */
export function throughputLines(
  { stages: [source], seconds, earlier }: RunSummary,
  { workers }: Env,
): readonly string[] {
  const characters = (source?.lengths?.mean ?? 0) * (source?.lengths?.count ?? 0);
  const line = speedLine({
    documents: (source?.kept ?? 0) - earlier.documents,
    characters: characters - earlier.characters,
    seconds,
    cores: workers,
  });
  return line === null ? [] : [line];
}
