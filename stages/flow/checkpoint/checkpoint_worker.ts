/**
 * The code of the worker of a CheckpointThread.
 *
 * @module
 */
import { reasonOf } from "../../disk/file_error.ts";
import { type CheckpointJob, writeJob } from "./checkpoint_job.ts";

/** The answer to a job. `error` says what went wrong and what to do; null if nothing went wrong. */
export type WriteResult = Readonly<{ error: string | null }>;

// The members of a worker's global scope that are used here. The type checker does not know them, because it
// checks the project as code of a main thread.
const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<CheckpointJob>) => void;
  postMessage(result: WriteResult): void;
};

scope.onmessage = async ({ data }) => {
  try {
    await writeJob(data);
    scope.postMessage({ error: null });
  } catch (thrown) {
    scope.postMessage({ error: reasonOf(thrown) });
  }
};
