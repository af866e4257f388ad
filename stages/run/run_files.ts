/**
 * The files in a run's folder that grow while it runs.
 *
 * @module
 */
import { dirname } from "node:path";
import { makeFolder } from "../disk/files.ts";
import type { Json } from "../disk/json.ts";
import type { RunOptions } from "../flow/flow.ts";
import { MetricsFile } from "../report/metrics.ts";
import { TensorboardFile } from "../report/tensorboard.ts";
import { makeRunFolder, type RunRecord, writeRecord } from "./folder.ts";
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
  await writeRecord(folder, recordOf(run, device));
  const metrics = new MetricsFile(`${folder}/metrics.jsonl`);
  const tensorboard = run.tensorboard ? await openTensorboard(folder) : null;
  return {
    metrics,
    tensorboard,
    samples: `${folder}/samples`,
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
