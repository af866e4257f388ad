/**
 * The thread that writes checkpoints. Hashing and writing gigabytes must not delay a run.
 *
 * @module
 */
import type { CheckpointJob } from "./checkpoint_job.ts";
import type { WriteResult } from "./checkpoint_worker.ts";

const module = new URL("./checkpoint_worker.ts", import.meta.url);

/** Returns whether Deno's permissions include reading the worker's module. */
export async function mayStartThread(): Promise<boolean> {
  if (module.protocol !== "file:") return true;
  return (await Deno.permissions.query({ name: "read", path: module })).state === "granted";
}

/** One worker, started when it is first needed. */
export class CheckpointThread {
  #worker: Worker | null = null;

  /**
   * Writes a checkpoint in the worker, to which the buffers in `transfer` are moved instead of copied. Throws
   * the same errors as `writeJob()`.
   */
  async write(job: CheckpointJob, transfer: ArrayBuffer[]): Promise<void> {
    const worker = this.#worker ??= new Worker(module, { type: "module" });
    const { promise, resolve, reject } = Promise.withResolvers<WriteResult>();
    worker.onmessage = ({ data }: MessageEvent<WriteResult>) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
    worker.postMessage(job, transfer);
    const { error } = await promise;
    if (error !== null) throw new Error(error);
  }

  /** Terminates the worker. */
  close(): void {
    this.#worker?.terminate();
    this.#worker = null;
  }
}
