/**
 * The files in a run's folder that grow while it runs.
 *
 * @module
 */
import { dirname } from "node:path";
import { makeFolder } from "../../../stages/disk/files.ts";
import type { Json } from "../../../stages/disk/json.ts";
import type { RunOptions } from "../../../stages/flow/flow.ts";
import { MetricsFile } from "../../../stages/report/metrics.ts";
import { TensorboardFile } from "../../../stages/report/tensorboard.ts";
import { workersOf } from "./environment.ts";
import { statsPath } from "./finish.ts";
import type { RecorderFiles } from "./recorder.ts";
import { makeRunFolder, type RunRecord, writeRecord } from "./run_folder.ts";
import type { RunJob } from "./run_job.ts";
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
export async function openRunFiles(job: RunJob, device: string | undefined): Promise<RunFiles> {
  const { named: { pipeline }, resolved: { values }, recordFolder } = job;
  await makeRunFolder(dirname(`${recordFolder}/${statsPath(pipeline)}`));
  await writeRecord(recordFolder, recordOf(job, device));
  const metrics = new MetricsFile(`${recordFolder}/metrics.jsonl`);
  const tensorboard = values.tensorboard === true ? await openTensorboard(recordFolder) : null;
  return {
    metrics,
    tensorboard,
    samples: `${recordFolder}/samples`,
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
async function openTensorboard(recordFolder: string): Promise<TensorboardFile> {
  await makeFolder(`${recordFolder}/tensorboard`);
  return new TensorboardFile(`${recordFolder}/tensorboard/events.out.tfevents.0.run`);
}

function recordOf(
  { named: { name }, resolved: { values } }: RunJob,
  device: string | undefined,
): RunRecord {
  return {
    pipeline: name,
    options: values,
    ...(device === undefined ? {} : { device }),
    seed: Number(values.seed),
    workers: workersOf(values),
    versions: versions(),
  };
}
