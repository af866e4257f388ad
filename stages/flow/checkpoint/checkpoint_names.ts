/**
 * Names of checkpoints in their folder: `step-000200`, `items-000512`.
 *
 * @module
 */
import type { StageSnapshot } from "./types.ts";
import { isRecord } from "../../disk/json.ts";
import { entriesIn } from "../../disk/files.ts";

const NAME = /^(step|items)-(\d{6,})(\.old)?$/;

/** Newest first; those that stand in for one being replaced come after it. */
export async function checkpointNames(dir: string): Promise<string[]> {
  const names = (await entriesIn(dir)).map((entry) => entry.name).filter((n) => NAME.test(n));
  return names.sort((a, b) => numberOf(b) - numberOf(a) || a.length - b.length);
}

/** A barrier's name as a checkpoint, and its step: that of a stage's state, else the items that the source has given. */
export function nameOf(
  parts: ReadonlyMap<string, StageSnapshot>,
): { readonly name: string; readonly step: number } {
  for (const { state } of parts.values()) {
    if (!isRecord(state) || typeof state.step !== "number") continue;
    return { name: `step-${String(state.step).padStart(6, "0")}`, step: state.step };
  }
  const [source] = parts.values();
  const items = source?.counts?.out ?? 0;
  return { name: `items-${String(items).padStart(6, "0")}`, step: items };
}

/** The step or items that a name tells. */
export function numberOf(name: string): number {
  return Number(NAME.exec(name)?.[2] ?? -1);
}
