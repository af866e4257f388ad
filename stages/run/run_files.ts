/**
 * The files in a run's folder that grow while it runs.
 *
 * @module
 */
import { dirname } from "node:path";
import { makeFolder } from "../disk/files.ts";
import type { Json } from "../disk/json.ts";
import type { RunOptions } from "../flow/flow.ts";
import type { ChangeEvent, RunEvent } from "../flow/events.ts";
import { MetricsFile } from "../report/metrics.ts";
import { TensorboardFile } from "../report/tensorboard.ts";
import {
  asJson,
  makeRunFolder,
  readRunFolder,
  type RunRecord,
  writeRecord,
  writeRecordSync,
} from "./folder.ts";
import { eventsOf, historyAt, type RunValues, valuesAfter } from "./history.ts";
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
  /** Records in config.json that the run itself has changed options. */
  change(event: ChangeEvent): void;
  close(): void;
}

/** Where a run starts, and on what. */
export interface RunStart {
  readonly folder: string;
  /** The device that the run uses; undefined if it opened no engine. */
  readonly device: string | undefined;
  /** Number of updates (or items) at the checkpoint that the run resumes from; null for a new run. */
  readonly step: number | null;
}

/** Makes the run's folder, writes config.json and opens the files. */
export async function openRunFiles(
  run: RecordedRun,
  { folder, device, step }: RunStart,
): Promise<RunFiles> {
  await makeRunFolder(dirname(`${folder}/${statsPath(run)}`));
  const record = recordOf(run, device);
  const { history, entry } = await changesOf(run, { folder, record, step });
  let written: RunRecord = { ...record, ...(history.length > 0 && { history }) };
  await writeRecord(folder, written);
  const metrics = new MetricsFile(`${folder}/metrics.jsonl`);
  const tensorboard = run.tensorboard ? await openTensorboard(folder) : null;
  return {
    metrics,
    tensorboard,
    samples: `${folder}/samples`,
    changes: entry === null ? [] : eventsOf(entry),
    change({ step, options }) {
      written = {
        ...written,
        options: { ...written.options, ...valuesAfter(options) },
        history: [...written.history ?? [], { step, options }],
      };
      writeRecordSync(folder, written);
    },
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
  { folder, record, step }: {
    readonly folder: string;
    readonly record: RunRecord;
    readonly step: number | null;
  },
): Promise<ReturnType<typeof historyAt>> {
  const before = step === null ? null : (await readRunFolder(folder)).record;
  if (before === null || step === null) return { history: [], entry: null };
  return historyAt(step, {
    earlier: before.history ?? [],
    before: valuesOf(before, run),
    now: valuesOf(record, run),
  });
}

function valuesOf(
  { options, device, workers, versions }: RunRecord,
  { perCommand = new Set(), optional = new Set() }: RecordedRun,
): RunValues {
  const absent = [...optional].map((name) => [name, null] as const);
  const all = { ...Object.fromEntries(absent), ...asJson(options) };
  return {
    options: Object.fromEntries(Object.entries(all).filter(([name]) => !perCommand.has(name))),
    machine: {
      // The number of threads, which the device's name contains, is compared by itself.
      ...(device !== undefined && { device: device.replace(/, (\d+ threads?|the calling thread)/, "") }),
      threads: workers,
      ...versions,
    },
  };
}
