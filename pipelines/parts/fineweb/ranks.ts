/**
 * Reads the files that the processes of one job leave in `<out>/ranks`: checks that all processes have
 * finished, and merges their results.
 *
 * @module
 */
import { isRecord } from "../../../stages/disk/json.ts";
import { writeWhole } from "../../../stages/disk/whole_files.ts";
import { filterNames, stageNameOf } from "../../../stages/filter/filter_group.ts";
import { asSource } from "../../../stages/flow/as_source.ts";
import type { RunEvent } from "../../../stages/flow/events.ts";
import { type Flow, from } from "../../../stages/flow/flow.ts";
import { stage } from "../../../stages/flow/stage.ts";
import { joinGraphs, mergeEvents } from "../../../stages/report/merge_events.ts";
import { readEvents } from "../../../stages/report/metrics.ts";
import { removedSamples } from "../../../stages/report/removed_samples.ts";
import { reportPage } from "../../../stages/report/report.ts";
import { runStats } from "../../../stages/report/run_stats.ts";
import type { Options } from "../../cli/pipeline.ts";
import { optionText } from "../../../stages/report/option_text.ts";
import { ranksFolder } from "../../cli/resume.ts";
import { asJson, readRunFolder } from "../../../stages/run/folder.ts";

/** The processes that run the first step, which filters each document by itself. */
export interface RankGroup {
  readonly out: string;
  /** Number of processes. */
  readonly world: number;
  /** Option values of this process. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly options: Options;
  /** Completes "Cannot … in OUT" in messages. Default: "deduplicate the documents". */
  readonly purpose?: string;
}

/**
 * Throws RangeError if a process of the first step has not finished, or ran with other values of fixed
 * options.
 */
export async function checkRanksFinished(
  { out, world, values, options, purpose = "deduplicate the documents" }: RankGroup,
): Promise<void> {
  const missing: number[] = [];
  for (let rank = 0; rank < world; rank++) {
    const { record, finished } = await readRunFolder(recordFolderOf(out, { rank }));
    if (!finished || record === null) {
      missing.push(rank);
      continue;
    }
    for (const [name, { fixed }] of Object.entries(options)) {
      if (!fixed || name === "only" || !(name in record.options)) continue;
      const before = record.options[name];
      if (JSON.stringify(before) === JSON.stringify(values[name])) continue;
      throw new RangeError(
        `Cannot ${purpose} in ${out} with ${optionText(name, values[name])}: rank ${rank} ran with ${
          optionText(name, before)
        }: give all ranks the same options`,
      );
    }
  }
  if (missing.length === 0) return;
  const first = world === 1 ? "--only filter" : `--rank ${missing[0]} --world ${world}`;
  throw new RangeError(
    `Cannot ${purpose} in ${out}: of ${world} ranks ${missing.slice(0, 20).join(", ")}${
      missing.length > 20 ? ` and ${missing.length - 20} more` : ""
    } ${missing.length === 1 ? "is" : "are"} not finished: finish them with ${first}`,
  );
}

/**
 * Returns a flow that writes the report of all processes, whose steps have ended: that of deduplication too
 * if the options ask for it. Throws RangeError if one has not ended.
 */
export async function reportOfRanks(
  group: RankGroup,
  { needsLast }: { readonly needsLast: boolean },
): Promise<Flow<never>> {
  const { out, world } = group;
  await checkRanksFinished({ ...group, purpose: "report on the ranks" });
  const { finished: byOne } = await readRunFolder(`${out}/${ranksFolder}/dedup`);
  const byRanks = needsLast && !byOne && await otherRanksFinished({ out, world, rank: -1, step: "dedup-" });
  if (needsLast && !byOne && !byRanks) {
    throw new RangeError(
      `Cannot report on the ranks in ${out}: their documents have not been deduplicated: first --only dedup`,
    );
  }
  return from(asSource("ranks", () => [out])).pipe(stage<string, never, null>({
    name: "report",
    open: () => null,
    async *push() {
      await writeMerged(group, { rank: byRanks ? 0 : null, isLast: needsLast });
    },
  }));
}

/** Returns whether all processes of a step except `rank` are finished. */
export async function otherRanksFinished(
  { out, world, rank, step = "" }: Pick<RankGroup, "out" | "world"> & {
    readonly rank: number;
    /** Beginning of the names of the step's folders. Default: none, as in the first step. */
    readonly step?: string;
  },
): Promise<boolean> {
  for (let other = 0; other < world; other++) {
    if (other !== rank && !(await readRunFolder(recordFolderOf(out, { rank: other, step }))).finished) {
      return false;
    }
  }
  return true;
}

/**
 * Writes `stats.json` and `report.html` for all processes together into `out`. If one process does the last
 * step, it calls this with `rank` null. Otherwise each process that finds all other processes of its step
 * finished calls this, so two processes may do so at the same time.
 */
export async function writeMerged(
  { out, world, values }: Pick<RankGroup, "out" | "world" | "values">,
  { rank, isLast }: { readonly rank: number | null; readonly isLast: boolean },
): Promise<void> {
  const all = Array.from({ length: world }, (_, rank) => rank);
  const first = await Promise.all(all.map((rank) => eventsOf(recordFolderOf(out, { rank }))));
  const last = !isLast
    ? []
    : rank === null
    ? [await eventsOf(`${out}/${ranksFolder}/dedup`)]
    : await Promise.all(all.map((rank) => eventsOf(recordFolderOf(out, { rank, step: "dedup-" }))));
  const starts = [...first.flat(), ...last.flat()].filter((event) => event.type === "run");
  const filters = starts.map(({ filters }) => filters).find((filters) => filters !== undefined);
  const start: RunEvent = {
    type: "run",
    pipeline: starts[0]?.pipeline ?? "",
    ranks: world,
    ...(isRecord(filters) && { filters: { ...filters, stages: stageNames(values.stages) } }),
  };
  const graph = joinGraphs([first[0], last[0] ?? []]);
  const events: RunEvent[] = [
    start,
    ...(graph === null ? [] : [graph]),
    ...mergeEvents(first),
    ...mergeEvents(last),
  ];
  const removed = await removedSamples(`${out}/removed`);
  const writer = rank === null ? "" : `.rank-${rank}`;
  await writeWhole(`${out}/stats.json`, `${JSON.stringify(runStats(events), null, 2)}\n`, { writer });
  await writeWhole(
    `${out}/report.html`,
    reportPage({ events, removed, options: asJson(values) }),
    { writer },
  );
}

/** Returns the names of the filters that the option --stages selects. */
function stageNames(value: unknown): string[] {
  return filterNames(Array.isArray(value) ? value.map(String) : null).map(stageNameOf);
}

function eventsOf(folder: string): Promise<RunEvent[]> {
  return readEvents(`${folder}/metrics.jsonl`);
}

function recordFolderOf(
  out: string,
  { rank, step = "" }: { readonly rank: number; readonly step?: string },
): string {
  return `${out}/${ranksFolder}/${step}${String(rank).padStart(5, "0")}`;
}
