/**
 * The file phases.json in the folder of a run that consists of others: the phases in their order. How far
 * each is says its own folder.
 *
 * @module
 */
import { readText } from "../disk/files.ts";
import { isRecord } from "../disk/json.ts";
import { exists, writeWhole } from "../disk/whole_files.ts";

/** Name of the file. */
export const PHASES_FILE = "phases.json";

/** A phase of a run, in the folder of its name. */
export interface RunPhase {
  readonly name: string;
  /** Name of the pipeline that it runs. */
  readonly pipeline: string;
  /** Whether it leaves a model. */
  readonly leavesModel: boolean;
}

/** Writes the phases of a run. */
export async function writePhases(folder: string, phases: readonly RunPhase[]): Promise<void> {
  await writeWhole(`${folder}/${PHASES_FILE}`, `${JSON.stringify({ phases }, null, 2)}\n`);
}

/**
 * Returns the phases of a run; null if the folder holds no run with phases. Throws Deno.errors.InvalidData
 * for a file that is damaged.
 */
export async function readPhases(folder: string): Promise<readonly RunPhase[] | null> {
  const path = `${folder}/${PHASES_FILE}`;
  if (!await exists(path)) return null;
  const phases = phasesIn(await readText(path));
  if (phases !== null) return phases;
  throw new Deno.errors.InvalidData(
    `Cannot read ${path}: it is damaged: type the command that wrote it again, with --resume never`,
  );
}

function phasesIn(text: string): readonly RunPhase[] | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const phases = isRecord(value) && Array.isArray(value.phases) ? value.phases : null;
  return phases !== null && phases.every(isPhase) ? phases : null;
}

function isPhase(value: unknown): value is RunPhase {
  return isRecord(value) && typeof value.name === "string" && /^[\w-]+$/.test(value.name) &&
    typeof value.pipeline === "string" && typeof value.leavesModel === "boolean";
}

/**
 * Returns the folder of the run whose model a folder stands for: that of the last phase with a checkpoint of
 * a model, or the folder itself if its run has no phases or no model yet.
 */
export async function folderOfModel(folder: string): Promise<string> {
  const phases = await readPhases(folder) ?? [];
  for (const { name, leavesModel } of phases.toReversed()) {
    if (leavesModel && await exists(`${folder}/${name}/checkpoints/latest`)) return `${folder}/${name}`;
  }
  return folder;
}
