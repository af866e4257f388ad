/**
 * Resumes a run whose folder was renamed, or copied for a run that branches off: its states name its own
 * shards by their paths, which then lie in another folder.
 *
 * @module
 */
import { basename } from "node:path";
import { isRecord } from "../../../stages/disk/json.ts";
import type { SavedState, StageSnapshot } from "../../../stages/flow/checkpoint/checkpoint.ts";

/**
 * Returns the states of a checkpoint in which all shards lie in the folder `dir`. Only the names of shards
 * matter for the order of training.
 */
export function withShardsIn(
  dir: string,
  states: ReadonlyMap<string, StageSnapshot>,
): ReadonlyMap<string, StageSnapshot> {
  const moved = new Map(states);
  for (const [stage, field] of [["windows", "regions"], ["batch", "places"]]) {
    const snapshot = states.get(stage);
    if (snapshot === undefined || !isRecord(snapshot.state)) continue;
    const { [field]: files } = snapshot.state;
    if (!Array.isArray(files)) continue;
    moved.set(stage, {
      ...snapshot,
      state: { ...snapshot.state, [field]: files.map((each) => inFolder(dir, each)) },
    });
  }
  return moved;
}

/** Returns a saved range of tokens whose shard lies in the folder `dir`. */
function inFolder(dir: string, range: SavedState): SavedState {
  if (!isRecord(range) || typeof range.path !== "string") return range;
  return { ...range, path: `${dir}/${basename(range.path)}` };
}
