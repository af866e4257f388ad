/**
 * The code of a worker of `parallel`: it takes frames of items and answers with frames of results.
 *
 * @module
 */
import { explained } from "../../disk/file_error.ts";
import { asError } from "../run/failure.ts";
import { Group, type GroupModule, type GroupOptions, type GroupResult } from "./group.ts";
import { WorkerProgress } from "./progress_watchdog.ts";

/**
 * A message to a worker. The first message contains the shared memory for the worker's progress, the second
 * the group, and each later message a frame; the final message is "close".
 */
export type WorkerRequest =
  | Readonly<{ kind: "progress"; memory: SharedArrayBuffer }>
  | Readonly<{ kind: "open"; group: GroupModule; options: Omit<GroupOptions, "signal" | "progress"> }>
  | Readonly<{ kind: "frame"; items: readonly unknown[] }>
  | Readonly<{ kind: "close" }>;

/**
 * An error in the form in which it is sent, because postMessage() does not keep the class of a custom error.
 */
export type SerializedError = Readonly<
  { name: string; message: string; stack?: string; cause?: SerializedError }
>;

/** The answer to each message except "progress". An `error` happened after the outcomes in `result`. */
export type WorkerResponse = Readonly<{ result: GroupResult; error: SerializedError | null }>;

// The members of a worker's global scope that are used here. The type checker does not know them, because it
// checks the project as code of a main thread.
const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<WorkerRequest>) => void;
  postMessage(response: WorkerResponse): void;
};

const signal = new AbortController().signal; // never aborted: a worker is terminated instead
let group: Group | null = null;
let progress = new WorkerProgress();
let last: Promise<void> = Promise.resolve();

scope.onmessage = ({ data }) => {
  if (data.kind === "progress") {
    progress = new WorkerProgress(data.memory);
    return;
  }
  last = last.then(async () => {
    let error: unknown = null;
    try {
      await handle(data);
    } catch (thrown) {
      error = thrown;
    }
    respond(error);
  });
};

async function handle(request: Exclude<WorkerRequest, { kind: "progress" }>): Promise<void> {
  switch (request.kind) {
    case "open":
      group = await Group.open(request.group, { ...request.options, signal, progress });
      break;
    case "frame":
      for (const item of request.items) {
        progress.begin();
        const wait = group?.push(item);
        if (wait !== undefined) await wait;
      }
      progress.rest();
      break;
    case "close":
      await group?.close();
  }
}

function respond(error: unknown): void {
  const nothing: GroupResult = { outcomes: [], tallies: [] };
  try {
    const result = group?.take() ?? nothing;
    scope.postMessage({ result, error: error === null ? null : serialized(error) });
  } catch (thrown) { // for example if an item cannot be copied to another thread
    scope.postMessage({ result: nothing, error: serialized(error ?? thrown) });
  }
}

/**
 * Converts an error to a message for the main thread. Explains a system error in words, but not the errors
 * that caused it.
 */
function serialized(thrown: unknown): SerializedError {
  return withCauses(explained(asError(thrown)));
}

function withCauses({ name, message, stack, cause }: Error): SerializedError {
  return {
    name,
    message,
    ...(stack !== undefined && { stack }),
    ...(cause !== undefined && { cause: withCauses(asError(cause)) }),
  };
}
