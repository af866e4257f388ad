/**
 * Names of checkpoints in their folder: `step-000200`, `items-000512`.
 *
 * @module
 */
import { entriesIn } from "../../disk/files.ts";
import { isRecord } from "../../disk/json.ts";
import type { StageSnapshot } from "./types.ts";

/** `.old`: a complete checkpoint that was being replaced when the run was killed. */
const NAME = /^(step|items)-(\d{6,})(\.old)?$/;

/**
 * Returns the names of the checkpoints in a folder, the newest first; an `.old` checkpoint follows the one
 * that replaces it.
 */
export async function checkpointNames(dir: string): Promise<string[]> {
  const names = (await entriesIn(dir)).map(({ name }) => name).filter((name) => NAME.test(name));
  return names.sort((a, b) => numberOf(b) - numberOf(a) || a.length - b.length);
}

/**
 * Returns the name and step of a new checkpoint: from the `step` in a stage's state or, if there is none,
 * from the number of items read from the source.
 */
export function nameOf(
  snapshots: ReadonlyMap<string, StageSnapshot>,
): { readonly name: string; readonly step: number } {
  for (const { state } of snapshots.values()) {
    if (!isRecord(state) || typeof state.step !== "number") continue;
    return { name: `step-${String(state.step).padStart(6, "0")}`, step: state.step };
  }
  const [source] = snapshots.values();
  const items = source?.counts?.out ?? 0;
  return { name: `items-${String(items).padStart(6, "0")}`, step: items };
}

/** Returns the step or number of items in a checkpoint's name, or -1 for any other name. */
export function numberOf(name: string): number {
  return Number(NAME.exec(name)?.[2] ?? -1);
}
