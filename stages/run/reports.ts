/**
 * Writes the statistics and the report of a run when it ends.
 *
 * @module
 */
import { writeWhole } from "../disk/whole_files.ts";
import { readEvents } from "../report/metrics.ts";
import { removedSamples } from "../report/removed_samples.ts";
import { reportPage } from "../report/report.ts";
import { type RunStats, runStats, runStatsLines } from "../report/run_stats.ts";
import { asJson } from "./folder.ts";
import { type RecordedRun, statsPath } from "./recorded_run.ts";

/** The statistics of a run, and lines for standard output that sum them up and name the report. */
export interface RunReports {
  readonly stats: RunStats;
  readonly lines: readonly string[];
}

/** Writes the statistics and the report to the run's folder. */
export async function writeReports(run: RecordedRun, folder: string): Promise<RunReports> {
  const { options } = run;
  const events = await readEvents(`${folder}/metrics.jsonl`);
  const stats = runStats(events);
  await writeWhole(`${folder}/${statsPath(run)}`, `${JSON.stringify(stats, null, 2)}\n`);
  const removed = run.removed === null ? [] : await removedSamples(run.removed);
  await writeWhole(`${folder}/report.html`, reportPage({ events, removed, options: asJson(options) }));
  return { stats, lines: [...runStatsLines(stats), `Report: ${folder}/report.html`] };
}
