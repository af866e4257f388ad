/**
 * The files in a run's folder that grow while it runs.
 *
 * @module
 */
import { basename, dirname } from "node:path";
import { makeFolder, readText } from "../disk/files.ts";
import type { Json } from "../disk/json.ts";
import type { RunOptions } from "../flow/flow.ts";
import { numberOf } from "../flow/checkpoint/checkpoint_names.ts";
import type { RunEvent } from "../flow/events.ts";
import { MetricsFile } from "../report/metrics.ts";
import { TensorboardFile } from "../report/tensorboard.ts";
import { asJson, makeRunFolder, readRunFolder, type RunRecord, writeRecord } from "./folder.ts";
import { eventsOf, historyAt, type RunValues } from "./history.ts";
import { type RecordedRun, statsPath } from "./recorded_run.ts";
import type { RecorderFiles } from "./recorder.ts";
import { versions } from "./versions.ts";

/** Open files, and what a checkpoint saves about them. */
export interface RunFiles extends RecorderFiles {
  /**
   * Saves the lengths of the files in each checkpoint, and truncates the files to these lengths when a run
   * resumes.
   */
  readonly effects: NonNullable<RunOptions["effects"]>;
  /** Events that tell what has changed since the run was last started. */
  readonly changes: readonly RunEvent[];
  close(): void;
}

/**
 * Makes the run's folder, writes config.json and opens the files. `device` is the device that the run uses.
 */
export async function openRunFiles(
  run: RecordedRun,
  { folder, device }: { readonly folder: string; readonly device: string | undefined },
): Promise<RunFiles> {
  await makeRunFolder(dirname(`${folder}/${statsPath(run)}`));
  const record = recordOf(run, device);
  const { history, entry } = await changesOf(run, { folder, record });
  await writeRecord(folder, { ...record, ...(history.length > 0 && { history }) });
  const metrics = new MetricsFile(`${folder}/metrics.jsonl`);
  const tensorboard = run.tensorboard ? await openTensorboard(folder) : null;
  return {
    metrics,
    tensorboard,
    samples: `${folder}/samples`,
    changes: entry === null ? [] : eventsOf(entry),
    effects: {
      metrics: effectOf(metrics),
      ...(tensorboard !== null && { tensorboard: effectOf(tensorboard) }),
    },
    close() {
      metrics.close();
      tensorboard?.close();
    },
  };
}

function effectOf(file: MetricsFile | TensorboardFile) {
  return { save: () => file.save(), restore: (saved: Json) => file.restore(saved) };
}

/** Opens a file whose name TensorBoard recognizes: `tensorboard --logdir OUT/tensorboard`. */
async function openTensorboard(folder: string): Promise<TensorboardFile> {
  await makeFolder(`${folder}/tensorboard`);
  return new TensorboardFile(`${folder}/tensorboard/events.out.tfevents.0.run`);
}

function recordOf(
  { name, options, seed, workers }: RecordedRun,
  device: string | undefined,
): RunRecord {
  return {
    pipeline: name,
    options,
    ...(device === undefined ? {} : { device }),
    seed,
    workers,
    versions: versions(),
  };
}

/**
 * Returns the run's history with this resume, and its new entry; null if nothing changed or the run is new.
 */
async function changesOf(
  run: RecordedRun,
  { folder, record }: { readonly folder: string; readonly record: RunRecord },
): Promise<ReturnType<typeof historyAt>> {
  const before = run.resumed ? (await readRunFolder(folder)).record : null;
  if (before === null) return { history: [], entry: null };
  const name = run.checkpoint ?? await readText(`${folder}/checkpoints/latest`);
  return historyAt(Math.max(0, numberOf(basename(name.trim()))), {
    earlier: before.history ?? [],
    before: valuesOf(before, run),
    now: valuesOf(record, run),
  });
}

function valuesOf(
  { options, device, workers, versions }: RunRecord,
  { perCommand = new Set() }: RecordedRun,
): RunValues {
  return {
    options: Object.fromEntries(Object.entries(asJson(options)).filter(([name]) => !perCommand.has(name))),
    machine: {
      // The number of threads, which the device's name contains, is compared by itself.
      ...(device !== undefined && { device: device.replace(/, (\d+ threads?|the calling thread)/, "") }),
      threads: workers,
      ...versions,
    },
  };
}
