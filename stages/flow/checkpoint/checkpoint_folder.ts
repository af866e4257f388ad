/**
 * Checkpoints on disk: a folder each, there whole or not at all.
 *
 * @module
 */
import { encodeCheckpoint, readCheckpoint } from "./checkpoint_files.ts";
import { type CheckpointJob, writeJob } from "./checkpoint_job.ts";
import { checkpointNames, nameOf } from "./checkpoint_names.ts";
import { CheckpointThread } from "./checkpoint_thread.ts";
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import { asError } from "../run/failure.ts";
import { type Barrier, type Checkpoints, type StageSnapshot, TensorFile } from "./types.ts";
import { isRecord } from "../../disk/json.ts";
import { readIfThere } from "../../disk/whole_files.ts";
import { reasonOf } from "../../disk/file_error.ts";
import { makeFolder } from "../../disk/files.ts";

/** What has just been written. */
export type WrittenCheckpoint = Readonly<{ step: number; path: string; seconds: number }>;

/** How checkpoints are kept. */
export interface CheckpointFolderOptions {
  /** The newest so many stay, and the one of least validation loss; 0: all. Default 3. */
  readonly keep?: number;
  /** Write in a thread of its own, so that a run computes on meanwhile. Default false: while the run waits. */
  readonly thread?: boolean;
  /** Hears of each checkpoint once it is complete. */
  onCommit?(committed: WrittenCheckpoint): void;
  /** A damaged checkpoint was passed over: which, why, and what is taken instead. */
  onDamage?(text: string): void;
}

/**
 * Checkpoints in `dir`, made if missing: `step-000200` where a stage's state has a `step`, else `items-000512` by items
 * of the source. `latest()` gives the one that the file `latest` names, or the newest whole one. Writing throws what
 * the disk says, the checkpoints before it untouched.
 */
export async function openCheckpoints(
  dir: string,
  options: CheckpointFolderOptions = {},
): Promise<Checkpoints> {
  await makeFolder(dir);
  const thread = options.thread === true ? new CheckpointThread() : null;
  return {
    commit: (barrier) => commit(barrier, { ...options, dir, thread }),
    latest: () => latest(dir, options),
    close: () => thread?.close(),
  };
}

async function commit(
  { snapshots: parts }: Barrier,
  { dir, thread, keep = 3, onCommit }: Omit<CheckpointFolderOptions, "thread"> & {
    readonly dir: string;
    readonly thread: CheckpointThread | null;
  },
): Promise<void> {
  const began = performance.now();
  const { name, step } = nameOf(parts);
  try {
    const { stream, files } = encodeCheckpoint(parts);
    const tensors = new Map([...files].map(([file, held]) => [file, snapshot(held, thread)]));
    const job: CheckpointJob = {
      dir,
      name,
      keep,
      valLoss: lossAt(parts, step),
      encoded: { stream, tensors },
    };
    await (thread === null ? writeJob(job) : thread.write(job, givenBuffers(files.values())));
  } catch (cause) {
    throw new Error(
      `Cannot write checkpoint ${dir}/${name}: ${
        reasonOf(cause)
      }: the run then resumes from the checkpoint before it`,
      { cause },
    );
  }
  onCommit?.({ step, path: `${dir}/${name}`, seconds: (performance.now() - began) / 1000 });
}

/** The validation loss of the weights, if a stage has measured it after this very step. */
function lossAt(parts: ReadonlyMap<string, StageSnapshot>, step: number): number | null {
  for (const { state } of parts.values()) {
    if (isRecord(state) && state.evaluated === step && typeof state.valLoss === "number") {
      return state.valLoss;
    }
  }
  return null;
}

/** The tensors as they are now: a stage may change its own while they are written; a thread gets copies anyway. */
function snapshot({ tensors, options }: TensorFile, thread: CheckpointThread | null): TensorMap {
  if (thread !== null || options.given === true) return tensors;
  const copies = Object.entries(tensors).map((
    [name, { shape, data }],
  ) => [name, { shape, data: data.slice() }]);
  return Object.fromEntries(copies);
}

/** What may be handed over instead of copied. */
function givenBuffers(files: Iterable<TensorFile>): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const { tensors, options } of files) {
    if (options.given !== true) continue;
    for (const { data: { buffer } } of Object.values(tensors)) {
      if (buffer instanceof ArrayBuffer) buffers.add(buffer);
    }
  }
  return [...buffers];
}

async function latest(
  dir: string,
  { onDamage = () => {} }: CheckpointFolderOptions,
): Promise<ReadonlyMap<string, StageSnapshot> | null> {
  const names = await checkpointNames(dir);
  const named = await readIfThere(`${dir}/latest`);
  const first = named?.trim();
  // The one named may have been chosen by going back to it: what is newer than it then belongs to a future given up.
  const at = names.findIndex((name) => name === first);
  const order = [...names.slice(Math.max(at, 0)), ...names.slice(0, Math.max(at, 0))];
  const damaged: string[] = [];
  for (const name of order) {
    try {
      const parts = await readCheckpoint(`${dir}/${name}`);
      if (damaged.length > 0) onDamage(`${damaged.join("; ")}: going on from ${name}`);
      return parts;
    } catch (error) {
      damaged.push(`Checkpoint ${dir}/${name} cannot be used: ${asError(error).message}`);
    }
  }
  if (damaged.length === 0) return null;
  throw new Deno.errors.InvalidData(`${damaged.join("; ")}: begin anew with --resume never`);
}
