/**
 * The thread that writes checkpoints: hashing and writing gigabytes must not stop a run.
 *
 * @module
 */
import type { CheckpointJob } from "./checkpoint_job.ts";
import type { WriteResult } from "./checkpoint_worker.ts";

/** One worker, begun when it is first needed. */
export class CheckpointThread {
  #worker: Worker | null = null;

  /** Writes a checkpoint there; `given` buffers are handed over. Throws what `writeJob` throws. */
  async write(job: CheckpointJob, given: ArrayBuffer[]): Promise<void> {
    const worker = this.#worker ??= new Worker(new URL("./checkpoint_worker.ts", import.meta.url), {
      type: "module",
    });
    const { promise, resolve, reject } = Promise.withResolvers<WriteResult>();
    worker.onmessage = ({ data }: MessageEvent<WriteResult>) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
    worker.postMessage(job, given);
    const { error } = await promise;
    if (error !== null) throw new Error(error);
  }

  /** Ends it. */
  close(): void {
    this.#worker?.terminate();
    this.#worker = null;
  }
}
