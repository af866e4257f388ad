/**
 * The metrics.jsonl and the report.html of a run with phases: those of its phases, joined.
 *
 * @module
 */
import { exists, writeWhole } from "../../../stages/disk/whole_files.ts";
import { encodeEvent } from "../../../stages/flow/event_json.ts";
import { joinPhases } from "../../../stages/report/join_phases.ts";
import { LiveRun } from "../../../stages/report/live/live_run.ts";
import { readEvents } from "../../../stages/report/metrics.ts";
import { reportPageOf } from "../../../stages/report/report.ts";
import type { Phase } from "../pipeline.ts";
import type { PreparedRun } from "../prepare.ts";

/** Writes both files anew, from the files of the phases that have begun. */
export async function reportPhases(
  phases: readonly Phase[],
  { run, started, command, isFinished }: {
    readonly run: PreparedRun;
    /** Time at which the command began, in ISO 8601. */
    readonly started: string;
    readonly command: string;
    readonly isFinished: boolean;
  },
): Promise<void> {
  const { named: { name: pipeline }, resolved: { values }, decision: { out } } = run;
  const begun = [];
  for (const { name } of phases) {
    const path = `${out}/${name}/metrics.jsonl`;
    if (await exists(path)) begun.push({ name, events: await readEvents(path) });
  }
  const events = joinPhases(begun, { type: "run", pipeline, command, started, seed: Number(values.seed) });
  const done = { type: "done", reason: isFinished ? "finished" : "interrupted" } as const;
  await writeWhole(
    `${out}/metrics.jsonl`,
    [...events, done].map((event) => `${encodeEvent(event)}\n`).join(""),
  );
  const page = new LiveRun("", out, null);
  await page.refresh();
  await writeWhole(`${out}/report.html`, reportPageOf([page.page], { live: null }));
}
