/**
 * FineWeb's work shared by several processes: first each filters its part of the source, then one does what needs to see
 * all documents. That is, from the first of the stages on that remembers documents: `minhash`, and `pii`, whose
 * replacements take turns.
 *
 * @module
 */
import { type FinewebFilter, finewebFilters } from "../../stages/filter/fineweb_group.ts";
import type { RunEvent } from "../../stages/flow/events.ts";
import { mergeEvents } from "../../stages/report/merge_events.ts";
import { readEvents } from "../../stages/report/metrics.ts";
import { removedSamples } from "../../stages/report/removed_samples.ts";
import { reportPage } from "../../stages/report/report.ts";
import { runStats } from "../../stages/report/run_stats.ts";
import type { Lookup, Options } from "../cli/pipeline.ts";
import { ranksFolder } from "../cli/resume.ts";
import { show } from "../cli/resolve.ts";
import { asJson, readRunFolder } from "../cli/run/run_folder.ts";
import { isRecord } from "../../stages/disk/json.ts";
import { writeWhole } from "../../stages/disk/whole_files.ts";

/** The options that say which share a process does. */
export interface RankValues {
  readonly stages: readonly string[] | null;
  readonly minhash: "first" | "cluster";
  readonly rank: number | null;
  readonly world: number | null;
  readonly only: "extract" | "filter" | "dedup" | null;
}

/** A process's share of the work. */
export interface RankWork {
  /** All in one stream; up to what needs all documents; that and what follows. */
  readonly step: "all" | "first" | "last";
  /** Its number; null: it is alone. */
  readonly rank: number | null;
  /** How many processes share the first step. */
  readonly world: number;
  /** What documents go through in this step. */
  readonly stages: readonly FinewebFilter[];
  /** Documents are signed in the first step and clustered in the last. */
  readonly clusters: boolean;
}

/** The share that the options ask for. Throws RangeError where they contradict each other. */
export function rankWorkOf({ stages: asked, minhash, rank, world, only }: RankValues): RankWork {
  const all = (asked ?? finewebFilters).flatMap((name) => finewebFilters.filter((filter) => filter === name));
  const needsAll = all.findIndex((name) => name === "minhash" || name === "pii");
  const clusters = all[needsAll] === "minhash" && minhash === "cluster";
  if (only === "dedup") {
    if (rank !== null) throw new RangeError("--only dedup is the work of one process: leave --rank out");
    if (needsAll < 0) {
      throw new RangeError("Nothing is left for --only dedup: neither minhash nor pii is among --stages");
    }
    return {
      step: "last",
      rank,
      world: world ?? 1,
      stages: all.slice(needsAll + Number(clusters)),
      clusters,
    };
  }
  checkRank({ rank, world });
  const shared = { rank: world === null ? only === "filter" ? 0 : null : rank, world: world ?? 1 };
  if (only === "extract") {
    const extract = all.indexOf("extract");
    if (extract < 0) throw new RangeError("--only extract needs the stage extract: add it to --stages");
    return { ...shared, step: "all", stages: all.slice(0, extract + 1), clusters: false };
  }
  if (needsAll >= 0 && (world !== null || only === "filter")) {
    return { ...shared, step: "first", stages: all.slice(0, needsAll + Number(clusters)), clusters };
  }
  return { ...shared, step: "all", stages: all, clusters };
}

function checkRank({ rank, world }: { readonly rank: number | null; readonly world: number | null }): void {
  if (rank !== null && world === null) {
    throw new RangeError(`--rank ${rank} needs --world N: how many processes share the work`);
  }
  if (rank === null && world !== null) {
    throw new RangeError(
      `--world ${world} needs --rank R from 0 to ${world - 1}, or --only dedup once all of them are done`,
    );
  }
  if (rank !== null && world !== null && rank >= world) {
    throw new RangeError(`--rank ${rank} is not among --world ${world}: they are 0 to ${world - 1}`);
  }
}

/** The folder for a share's record, by options that may not be complete; null: there is one share. */
export function rankFolder(given: Lookup): string | null {
  const only = given("only"), rank = given("rank");
  if (only === "dedup") return "dedup";
  if (typeof rank === "number") return String(rank).padStart(5, "0");
  return only === "filter" ? "00000" : null;
}

/** The processes of the first step: their number, and the options that all must have in common. */
export interface RankGroup {
  readonly out: string;
  readonly world: number;
  readonly values: Readonly<Record<string, unknown>>;
  readonly options: Options;
}

/** Throws RangeError, naming them, where processes are not finished or worked with other options. */
export async function checkRanksFinished({ out, world, values, options }: RankGroup): Promise<void> {
  const missing: number[] = [];
  for (let rank = 0; rank < world; rank++) {
    const { record, finished } = await readRunFolder(homeOf(out, rank));
    if (!finished || record === null) {
      missing.push(rank);
      continue;
    }
    for (const [name, { fixed }] of Object.entries(options)) {
      if (!fixed || name === "only" || !(name in record.options)) continue;
      const before = record.options[name];
      if (JSON.stringify(before) === JSON.stringify(values[name])) continue;
      throw new RangeError(
        `Cannot bring together what is in ${out} with ${show(name, values[name])}: rank ${rank} worked with ${
          show(name, before)
        }: run all with the same options`,
      );
    }
  }
  if (missing.length === 0) return;
  const first = world === 1 ? "--only filter" : `--rank ${missing[0]} --world ${world}`;
  throw new RangeError(
    `Cannot look for duplicates in ${out}: of ${world} ranks ${missing.slice(0, 20).join(", ")}${
      missing.length > 20 ? ` and ${missing.length - 20} more` : ""
    } ${missing.length === 1 ? "is" : "are"} not finished: run them to their end: ${first}`,
  );
}

/** Whether all processes but `rank` have come to their end. */
export async function otherRanksFinished(
  { out, world, rank }: Pick<RankGroup, "out" | "world"> & { readonly rank: number },
): Promise<boolean> {
  for (let other = 0; other < world; other++) {
    if (other !== rank && !(await readRunFolder(homeOf(out, other))).finished) return false;
  }
  return true;
}

/**
 * Writes `stats.json` and `report.html` of all shares together into `out`, as the process that did the last step
 * (`rank` null) or as the last that ended of those that needed none; two may end at once.
 */
export async function writeMerged(
  { out, world, values }: Pick<RankGroup, "out" | "world" | "values">,
  { rank }: { readonly rank: number | null },
): Promise<void> {
  const processes: RunEvent[][] = [];
  for (let rank = 0; rank < world; rank++) {
    processes.push(await readEvents(`${homeOf(out, rank)}/metrics.jsonl`));
  }
  const after = rank === null ? await readEvents(`${out}/${ranksFolder}/dedup/metrics.jsonl`) : [];
  const run = [...processes.flat(), ...after].filter((event) => event.type === "run");
  const filters = run.map(({ filters }) => filters).find((filters) => filters !== undefined);
  const begins: RunEvent = {
    type: "run",
    pipeline: run[0]?.pipeline ?? "",
    ranks: world,
    ...(isRecord(filters) && { filters: { ...filters, stages: values.stages ?? finewebFilters } }),
  };
  const events: RunEvent[] = [begins, ...mergeEvents(processes), ...mergeEvents([after])];
  const removed = await removedSamples(`${out}/removed`);
  const writer = rank === null ? "" : `.rank-${rank}`;
  await writeWhole(`${out}/stats.json`, `${JSON.stringify(runStats(events), null, 2)}\n`, { writer });
  await writeWhole(
    `${out}/report.html`,
    await reportPage({ events, removed, options: asJson(values) }),
    { writer },
  );
}

function homeOf(out: string, rank: number): string {
  return `${out}/${ranksFolder}/${String(rank).padStart(5, "0")}`;
}
