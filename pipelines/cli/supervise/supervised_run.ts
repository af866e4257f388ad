/**
 * Reads from the folder of a run how far it has come and why it ended. Needs only the permission to read.
 *
 * @module
 */
import { entriesIn, fileInfo, readText } from "../../../stages/disk/files.ts";
import { isRecord } from "../../../stages/disk/json.ts";
import { readEvents } from "../../../stages/report/metrics.ts";
import { RANKS_FOLDER } from "../../../stages/run/own_folder.ts";
import { copyPath } from "../../../stages/run/store/inputs/local_copy.ts";
import { isStore, storePlaceOf } from "../../../stages/run/store/store_place.ts";
import type { SupervisedCommand } from "./supervised_command.ts";

/**
 * Returns the folder of a run: of `--out` (the working folder of one in an object store), `--resume`,
 * `--config`, or the pipeline's own.
 */
export async function folderOf({ name, out, resume, config }: SupervisedCommand): Promise<string> {
  if (out !== null) return workingFolder(out);
  if (resume !== null && resume !== "auto" && resume !== "never") {
    // A checkpoint, or the folder of a run.
    return resume.replace(/[\\/]+$/, "").replace(/[\\/]checkpoints([\\/][^\\/]+)?$/, "");
  }
  return workingFolder((config === null ? null : await outIn(config)) ?? `runs/${name}`);
}

function workingFolder(out: string): string {
  return isStore(out) ? storePlaceOf(out, null).folder : out;
}

/** Returns the option `out` of a file of `--config`; null if it has none or cannot be read. */
async function outIn(path: string): Promise<string | null> {
  try {
    const parsed: unknown = JSON.parse(await readText(isStore(path) ? copyPath(path) : path));
    const options = isRecord(parsed) && isRecord(parsed.options) ? parsed.options : parsed;
    return isRecord(options) && typeof options.out === "string" ? options.out : null;
  } catch {
    return null; // the run itself will say what is wrong
  }
}

/** Returns the folders that hold checkpoints: the run's own, and those of its ranks. */
async function recordFolders(folder: string): Promise<readonly string[]> {
  const ranks = await entriesIn(`${folder}/${RANKS_FOLDER}`).catch(() => []);
  return [folder, ...ranks.map(({ name }) => `${folder}/${RANKS_FOLDER}/${name}`).sort()];
}

/** Returns the names of the newest checkpoints of a run and its ranks, or null if there are none. */
export async function newestCheckpoint(folder: string): Promise<string | null> {
  const names = await Promise.all(
    (await recordFolders(folder)).map((each) =>
      readText(`${each}/checkpoints/latest`).then((text) => text.trim(), () => "")
    ),
  );
  return [...new Set(names.filter((name) => name !== ""))].join(", ") || null;
}

/** Returns what changes when a new run begins in a folder; null if there is no run. */
export async function beganIn(folder: string): Promise<string | null> {
  return await fileInfo(`${folder}/config.json`).then(
    ({ mtime, ino }) => `${mtime?.getTime()} ${ino}`,
    () => null,
  );
}

/**
 * Returns the error that a run has recorded, and the step after which it came; null if it has recorded none.
 */
export async function failureIn(folder: string): Promise<string | null> {
  for (const each of await recordFolders(folder)) {
    const events = await readEvents(`${each}/metrics.jsonl`).catch(() => []), last = events.at(-1);
    if (last?.type !== "done" || last.reason !== "failed") continue;
    const [step] = events.flatMap((event) => event.type === "step" ? [event.step] : []).slice(-1);
    return `${last.error} (${step === undefined ? "before the first step" : `after step ${step}`})`;
  }
  return null;
}
