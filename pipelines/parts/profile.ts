/**
 * Writes the files of `--profile`: the table OUT/profile/profile.json and the Chrome trace
 * OUT/profile/trace.json.
 *
 * @module
 */
import { makeFolder, readText } from "../../stages/disk/files.ts";
import { removeIfThere, writeWhole } from "../../stages/disk/whole_files.ts";
import { chromeTrace } from "../../stages/format/viewer/chrome_trace.ts";
import { share } from "../../stages/report/quantity.ts";
import { truncate } from "../../stages/report/terminal_text.ts";
import type { OpTime } from "../../stages/train/op_times.ts";
import type { Profile } from "../../stages/train/profile.ts";
import type { Env } from "../cli/pipeline.ts";

/** The content of profile.json. */
interface ProfileRecord {
  readonly device: string;
  readonly steps: readonly number[];
  readonly ops: readonly OpTime[] | null;
}

const COLUMNS = 110; // width of the table in characters, enough for all of its columns

/** Makes a function that writes a run's profile into its folder and emits a note. */
export function writeProfile(env: Env, device: string): (profile: Profile) => Promise<void> {
  return async ({ steps, ops, spans }) => {
    const note = (text: string) => env.emit({ type: "note", text: `profile: ${text}` });
    const dir = `${env.out}/profile`, record: ProfileRecord = { device, steps, ops };
    if (steps.length === 0) {
      // An earlier profile could be mistaken for this run's.
      await removeIfThere(dir);
      return note("the run ended before step 5: nothing was timed");
    }
    await makeFolder(dir);
    await writeWhole(`${dir}/profile.json`, `${JSON.stringify(record, null, 2)}\n`);
    await writeWhole(`${dir}/trace.json`, `${JSON.stringify(chromeTrace(spans))}\n`);
    if (ops !== null) env.emit({ type: "profile", step: steps[0], steps: steps.length, device, ops });
    note(`${dir}/profile.json, and ${dir}/trace.json for chrome://tracing or ui.perfetto.dev`);
  };
}

/**
 * Returns the table of the run's profile, which is printed at the end of the run. The result is empty without
 * --profile, or if nothing was timed.
 */
export async function profileLines(
  { profile }: { readonly profile: boolean },
  env: Env,
): Promise<readonly string[]> {
  const record = profile ? await readRecord(`${env.out}/profile/profile.json`) : null;
  if (record === null) return [];
  const { device, steps, ops } = record;
  const head = `Steps ${steps[0] + 1} to ${steps[steps.length - 1] + 1} on ${device}:`;
  if (ops === null) {
    return [
      `${head} the adapter cannot time ops (no timestamp-query): trace.json holds only the host's times`,
    ];
  }
  return ["", head, ...opLines(ops, COLUMNS), ""];
}

/** Returns a table of ops in the given order, with lines of at most `columns` characters. */
export function opLines(ops: readonly OpTime[], columns: number): string[] {
  if (ops.length === 0) return [];
  const name = Math.max(3, ...ops.map(({ op }) => op.length));
  const waits = ops.some(({ waiting }) => waiting > 0);
  const line = (first: string, cells: readonly string[]) =>
    truncate(`${first.padEnd(name)}${cells.map((cell) => cell.padStart(10)).join("")}`, columns);
  const head = ["calls", "ms", "share", ...(waits ? ["waiting"] : []), "GFLOPS", "GB/s"];
  return [
    line("op", head),
    ...ops.map((row) =>
      line(row.op, [
        String(row.calls),
        (1000 * row.seconds).toFixed(2),
        share(row.share),
        ...(waits ? [share(row.waiting)] : []),
        row.gflops > 0 ? row.gflops.toFixed(1) : "",
        row.gigabytes.toFixed(1),
      ])
    ),
  ];
}

async function readRecord(path: string): Promise<ProfileRecord | null> {
  try {
    return JSON.parse(await readText(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
