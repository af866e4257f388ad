/**
 * What runs in a CheckpointThread.
 *
 * @module
 */
import { type CheckpointJob, writeJob } from "./checkpoint_job.ts";
import { reasonOf } from "../../disk/file_error.ts";

/** Its answer to a job: null, or what went wrong. */
export type WriteResult = Readonly<{ error: string | null }>;

// A worker's global scope, as far as it is used here: the project's types are those of a main thread.
const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<CheckpointJob>) => void;
  postMessage(answer: WriteResult): void;
};

scope.onmessage = async ({ data }) => {
  try {
    await writeJob(data);
    scope.postMessage({ error: null });
  } catch (thrown) {
    scope.postMessage({ error: reasonOf(thrown) });
  }
};
