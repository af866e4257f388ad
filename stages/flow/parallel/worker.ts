/**
 * The inside of a worker of `parallel`: takes frames of items, gives back frames of results.
 *
 * @module
 */
import { asError } from "../run/failure.ts";
import { Group, type GroupModule, type GroupOptions, type GroupResult } from "./group.ts";
import { WorkerProgress } from "./progress_watchdog.ts";
import { explained } from "../../disk/file_error.ts";

/** What a worker is sent: where to note what it does, what to run, then frames; last that it may close its stages. */
export type WorkerRequest =
  | Readonly<{ kind: "watch"; progress: SharedArrayBuffer }>
  | Readonly<{ kind: "open"; work: GroupModule; options: Omit<GroupOptions, "signal" | "progress"> }>
  | Readonly<{ kind: "frame"; items: readonly unknown[] }>
  | Readonly<{ kind: "close" }>;

/** An error as sent: a class of one's own does not survive a copy. */
export type SerializedError = Readonly<
  { name: string; message: string; stack?: string; cause?: SerializedError }
>;

/** What it sends back, one for each message; `error` after what came before it. */
export type WorkerResponse = Readonly<{ result: GroupResult; error: SerializedError | null }>;

// A worker's global scope, as far as it is used here: the project's types are those of a main thread.
const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<WorkerRequest>) => void;
  postMessage(answer: WorkerResponse): void;
};

const signal = new AbortController().signal; // a worker is not asked to stop: it is ended
let group: Group | null = null;
let progress = new WorkerProgress();
let last: Promise<void> = Promise.resolve();

scope.onmessage = ({ data }) => {
  if (data.kind === "watch") {
    progress = new WorkerProgress(data.progress);
    return; // wants no answer
  }
  last = last.then(async () => {
    let error: unknown = null;
    try {
      await handle(data);
    } catch (thrown) {
      error = thrown;
    }
    answer(error);
  });
};

async function handle(message: Exclude<WorkerRequest, { kind: "watch" }>): Promise<void> {
  switch (message.kind) {
    case "open":
      group = await Group.open(message.work, { ...message.options, signal, progress });
      break;
    case "frame":
      for (const item of message.items) {
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

function answer(error: unknown): void {
  const nothing: GroupResult = { outcomes: [], tallies: [] };
  try {
    const result = group?.take() ?? nothing;
    scope.postMessage({ result, error: error === null ? null : toSend(error) });
  } catch (thrown) { // also an item that cannot be copied
    scope.postMessage({ result: nothing, error: toSend(error ?? thrown) });
  }
}

function toSend(thrown: unknown): SerializedError {
  const { name, message, stack, cause } = explained(asError(thrown));
  return {
    name,
    message,
    ...(stack !== undefined && { stack }),
    ...(cause !== undefined && { cause: toSend(cause) }),
  };
}
