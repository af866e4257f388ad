/**
 * The checkpoints of a run's folder.
 *
 * @module
 */
import { basename } from "node:path";
import {
  type Checkpoints,
  openCheckpoints,
  type StageSnapshot,
} from "../../stages/flow/checkpoint/checkpoint.ts";
import type { RunEvent } from "../../stages/flow/events.ts";
import { writeWhole } from "../../stages/disk/whole_files.ts";

/** Where a run keeps its checkpoints, and which one it goes on from. */
export interface CheckpointOptions {
  /** How many are kept, the newest; 0: all. */
  readonly keep: number;
  /** The folder of the one to go on from; null: the newest. */
  readonly checkpoint: string | null;
  /** Hears of every checkpoint, and of damaged ones that were passed over. */
  emit(event: RunEvent): void;
  /** Hears of what is on disk for good: first of what the run `begins` with, then of each checkpoint. */
  onSaved?(parts: ReadonlyMap<string, StageSnapshot>, begins: boolean): void;
}

/** Opens `<out>/checkpoints`; going back to one makes it the latest. */
export async function checkpointsIn(
  out: string,
  { keep, checkpoint: from, emit, onSaved }: CheckpointOptions,
): Promise<Checkpoints> {
  const folder = `${out}/checkpoints`;
  if (from !== null) await writeWhole(`${folder}/latest`, `${basename(from)}\n`);
  const checkpoints = await openCheckpoints(folder, {
    keep,
    thread: true,
    onCommit: ({ step, path, seconds }) => emit({ type: "checkpoint", step, path, seconds }),
    onDamage: (text) => emit({ type: "note", text }),
  });
  return {
    async commit(barrier) {
      await checkpoints.commit(barrier);
      onSaved?.(barrier.snapshots, false);
    },
    async latest() {
      const parts = await checkpoints.latest();
      onSaved?.(parts ?? new Map(), true);
      return parts;
    },
    close: () => checkpoints.close?.(),
  };
}
