/**
 * Writes the statistics and the report of a run when it ends, and prints its last lines.
 *
 * @module
 */
import { writeWhole } from "../../../stages/disk/whole_files.ts";
import type { RunResult } from "../../../stages/flow/flow.ts";
import { readEvents } from "../../../stages/report/metrics.ts";
import { removedSamples } from "../../../stages/report/removed_samples.ts";
import { reportPage } from "../../../stages/report/report.ts";
import { runStats, runStatsLines } from "../../../stages/report/run_stats.ts";
import type { Display } from "../../../stages/report/terminal.ts";
import type { Env, Options, Pipeline, RunSummary } from "../pipeline.ts";
import { asJson } from "./run_folder.ts";
import type { RunJob } from "./run_job.ts";

/** How a run ended. */
export interface RunEnd {
  readonly display: Display;
  readonly env: Env;
  readonly result: RunResult;
  /** Folder of the newest checkpoint; null if there is none. */
  readonly lastCheckpoint: string | null;
  readonly seconds: number;
  readonly earlier: RunSummary["earlier"];
}

/** Writes the files and prints the last lines of a run that finished or was interrupted. */
export async function finishRun(job: RunJob, end: RunEnd): Promise<void> {
  const { named: { pipeline }, resolved: { values }, console, resumeCommand } = job;
  const { display, env, result, lastCheckpoint, seconds, earlier } = end;
  const stages = pipeline.writes === false ? [] : await writeReports(job, end);
  display.close();
  if (!result.stopped) {
    const lines = await pipeline.finish?.(values, env, { stages, seconds, earlier }) ?? [];
    env.print(lines.map((line) => `${line}\n`).join(""));
  } else if (pipeline.writes !== false) {
    console.err(
      lastCheckpoint === null
        ? "Interrupted: no checkpoint yet"
        : `Interrupted: checkpoint ${lastCheckpoint}`,
    );
    console.err(`To resume: ${resumeCommand}`);
  }
}

/** Writes the statistics and the report; returns the statistics of each stage. */
async function writeReports(
  { named: { pipeline }, resolved: { values }, out, recordFolder, console }: RunJob,
  { display, env, result }: RunEnd,
): Promise<RunSummary["stages"]> {
  const events = await readEvents(`${recordFolder}/metrics.jsonl`);
  const stats = runStats(events);
  await writeWhole(`${recordFolder}/${statsPath(pipeline)}`, `${JSON.stringify(stats, null, 2)}\n`);
  // All ranks write removed documents into one folder, so only the merged report shows them.
  const removed = recordFolder === out ? await removedSamples(`${out}/removed`) : [];
  const page = reportPage({ events, removed, options: asJson(values) });
  await writeWhole(`${recordFolder}/report.html`, page);
  display.close();
  if (!result.stopped) {
    env.print(runStatsLines(stats, console.columns - 1).map((line) => `${line}\n`).join(""));
    env.print(`Report: ${recordFolder}/report.html\n`);
  }
  return stats.stages;
}

/** Path of the statistics file in the record folder. */
export function statsPath({ stats = "data/stats.json" }: Pipeline<Options>): string {
  return stats;
}
