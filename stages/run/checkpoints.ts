/**
 * Opens the checkpoints of a run's folder.
 *
 * @module
 */
import { basename } from "node:path";
import { writeWhole } from "../disk/whole_files.ts";
import { type Checkpoints, openCheckpoints, type StageSnapshot } from "../flow/checkpoint/checkpoint.ts";
import { nameOf } from "../flow/checkpoint/checkpoint_names.ts";
import type { RunEvent } from "../flow/events.ts";

/** How checkpoints are kept, and which one a run resumes from. */
export interface CheckpointOptions {
  /** Number of newest checkpoints to keep; 0 keeps all. */
  readonly keep: number;
  /** Folder of the checkpoint to resume from; null for the newest. */
  readonly checkpoint: string | null;
  /** Receives an event for every checkpoint, and a note for every damaged checkpoint that was ignored. */
  emit(event: RunEvent): void;
  /** Adapts the states that a run resumes from to options that have changed. Default: no change. */
  adapt?(states: ReadonlyMap<string, StageSnapshot>): ReadonlyMap<string, StageSnapshot>;
  /**
   * Called with the states that the run starts with (`isStart` is true), then with the states of each
   * complete checkpoint.
   */
  onSaved?(parts: ReadonlyMap<string, StageSnapshot>, isStart: boolean): void;
}

/** A run's checkpoints, and where the run starts. */
export interface RunCheckpoints extends Checkpoints {
  /**
   * Number of updates (or items) at the checkpoint that the run resumes from; null for a new run. Damaged
   * checkpoints have been passed over.
   */
  readonly startStep: number | null;
}

/**
 * Opens `<out>/checkpoints` and reads the checkpoint that the run resumes from. Resuming from an older
 * checkpoint makes it the latest.
 */
export async function checkpointsIn(
  out: string,
  { keep, checkpoint, emit, adapt = (states) => states, onSaved }: CheckpointOptions,
): Promise<RunCheckpoints> {
  const folder = `${out}/checkpoints`;
  if (checkpoint !== null) await writeWhole(`${folder}/latest`, `${basename(checkpoint)}\n`);
  const checkpoints = await openCheckpoints(folder, {
    keep,
    thread: true,
    onCommit: ({ step, path, seconds }) => emit({ type: "checkpoint", step, path, seconds }),
    onDamage: (text) => emit({ type: "note", text }),
  });
  let start = await checkpoints.latest();
  return {
    startStep: start === null ? null : nameOf(start).step,
    async commit(barrier) {
      await checkpoints.commit(barrier);
      onSaved?.(barrier.snapshots, false);
    },
    latest() {
      const parts = start === null ? null : adapt(start);
      start = null; // not kept in memory for the whole run
      onSaved?.(parts ?? new Map(), true);
      return Promise.resolve(parts);
    },
    close: () => checkpoints.close?.(),
  };
}
