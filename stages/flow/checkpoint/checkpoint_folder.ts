/**
 * Checkpoints on disk. Each checkpoint is a folder that is either complete or absent.
 *
 * @module
 */
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import { reasonOf } from "../../disk/file_error.ts";
import { makeFolder } from "../../disk/files.ts";
import { isRecord } from "../../disk/json.ts";
import { readIfThere } from "../../disk/whole_files.ts";
import { asError } from "../run/failure.ts";
import { encodeCheckpoint, readCheckpoint } from "./checkpoint_files.ts";
import { type CheckpointJob, writeJob } from "./checkpoint_job.ts";
import { checkpointNames, nameOf } from "./checkpoint_names.ts";
import { CheckpointThread, mayStartThread } from "./checkpoint_thread.ts";
import { type Barrier, type Checkpoints, type StageSnapshot, TensorFile } from "./types.ts";

/** A checkpoint that has just been written; `seconds` says how long writing took. */
export type WrittenCheckpoint = Readonly<{ step: number; path: string; seconds: number }>;

/** How checkpoints are kept. */
export interface CheckpointFolderOptions {
  /**
   * Number of newest checkpoints to keep, besides the one with the lowest validation loss. 0 keeps all.
   * Default: 3.
   */
  readonly keep?: number;
  /**
   * Whether to write in a separate thread while the run continues. Without permission to read the thread's
   * module, checkpoints are written in this thread. Default: false.
   */
  readonly thread?: boolean;
  /** Called with each checkpoint once it is complete. */
  onCommit?(written: WrittenCheckpoint): void;
  /**
   * Called when a damaged checkpoint is skipped. The message says which one, why, and which checkpoint is
   * used instead.
   */
  onDamage?(text: string): void;
}

/**
 * Keeps checkpoints in `dir`, which is created if it does not exist. A checkpoint is called `step-000200` if
 * a stage's state has a `step`, and otherwise `items-000512` after the number of items read from the source.
 * `latest()` reads the checkpoint that the file `latest` names, or else the newest undamaged one; it throws
 * Deno.errors.NotSupported for a checkpoint of an older or newer format. If writing fails, the earlier
 * checkpoints are untouched.
 *
 * @example
 * ```ts
 * import { from, map, openCheckpoints } from "@stagewise/gpt";
 *
 * const dir = await Deno.makeTempDir();
 * const flow = from([1, 2, 3]).pipe(map("square", (x: number) => x * x));
 * await flow.run({ checkpoints: await openCheckpoints(dir, { keep: 1 }), barrierEvery: 2 });
 * // A second run resumes from the last checkpoint, so it reads nothing.
 * const rest = flow.stream({ checkpoints: await openCheckpoints(dir) });
 * console.log(await Array.fromAsync(rest)); // []
 * ```
 */
export async function openCheckpoints(
  dir: string,
  options: CheckpointFolderOptions = {},
): Promise<Checkpoints> {
  await makeFolder(dir);
  const thread = options.thread === true && await mayStartThread() ? new CheckpointThread() : null;
  return {
    commit: (barrier) => commit(barrier, { ...options, dir, thread }),
    latest: () => latest(dir, options),
    close: () => thread?.close(),
  };
}

async function commit(
  { snapshots }: Barrier,
  { dir, thread, keep = 3, onCommit }: Omit<CheckpointFolderOptions, "thread"> & {
    readonly dir: string;
    readonly thread: CheckpointThread | null;
  },
): Promise<void> {
  const began = performance.now();
  const { name, step } = nameOf(snapshots);
  try {
    const { stream, files } = encodeCheckpoint(snapshots);
    const tensors = new Map([...files].map(([file, held]) => [file, stableTensors(held, thread)]));
    const job: CheckpointJob = {
      dir,
      name,
      keep,
      losses: lossesIn(snapshots),
      encoded: { stream, tensors },
    };
    await (thread === null ? writeJob(job) : thread.write(job, transferable(files.values())));
  } catch (cause) {
    throw new Error(
      `Cannot write checkpoint ${dir}/${name}: ${reasonOf(cause)}: ` +
        `the run then resumes from the checkpoint before it`,
      { cause },
    );
  }
  onCommit?.({ step, path: `${dir}/${name}`, seconds: (performance.now() - began) / 1000 });
}

/** Returns the validation losses that a stage has measured, with the steps of their weights. */
function lossesIn(snapshots: ReadonlyMap<string, StageSnapshot>): CheckpointJob["losses"] {
  for (const { state } of snapshots.values()) {
    if (!isRecord(state) || !Array.isArray(state.losses)) continue;
    return state.losses.flatMap((pair) =>
      Array.isArray(pair) && pair.length === 2 ? [[Number(pair[0]), Number(pair[1])] as const] : []
    );
  }
  return [];
}

/**
 * Returns tensors that do not change while the checkpoint is written. They are copies, except in two cases:
 * nothing else uses the originals, or the originals are sent to a thread, which copies or transfers them
 * anyway.
 */
function stableTensors({ tensors, options }: TensorFile, thread: CheckpointThread | null): TensorMap {
  if (thread !== null || options.transfer === true) return tensors;
  const copies = Object.entries(tensors).map((
    [name, { shape, data }],
  ) => [name, { shape, data: data.slice() }]);
  return Object.fromEntries(copies);
}

/** Returns buffers that may be transferred to a thread instead of copied. */
function transferable(files: Iterable<TensorFile>): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const { tensors, options } of files) {
    if (options.transfer !== true) continue;
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
  const first = (await readIfThere(`${dir}/latest`))?.trim();
  // The file `latest` may name an older checkpoint that a user went back to. Newer checkpoints are then tried
  // last.
  const at = names.findIndex((name) => name === first);
  const order = [...names.slice(Math.max(at, 0)), ...names.slice(0, Math.max(at, 0))];
  const damaged: string[] = [];
  for (const name of order) {
    try {
      const snapshots = await readCheckpoint(`${dir}/${name}`);
      if (damaged.length > 0) onDamage(`${damaged.join("; ")}: resuming from ${name}`);
      return snapshots;
    } catch (error) {
      if (error instanceof Deno.errors.NotSupported) {
        // Resuming from an earlier checkpoint would abandon and later delete this one, which is sound.
        throw new Deno.errors.NotSupported(`${error.message}, or start over with --resume never`, {
          cause: error,
        });
      }
      damaged.push(`Checkpoint ${dir}/${name} cannot be used: ${asError(error).message}`);
    }
  }
  if (damaged.length === 0) return null;
  throw new Deno.errors.InvalidData(`${damaged.join("; ")}: start over with --resume never`);
}
