/**
 * Starts the live page of a run.
 *
 * @module
 */
import { basename, resolve } from "node:path";
import { type LiveOptions, LiveThread, PortError } from "../report/live/live_thread.ts";
import type { FollowedRun } from "../report/live/live_worker.ts";
import type { Console } from "./console.ts";
import { UsageError } from "./usage_error.ts";

/** What of a run is served and posted. */
export interface LiveWishes {
  /** The run's folder, which need not exist yet; null if the run keeps nothing. */
  readonly folder: string | null;
  /** Port of the live page on 127.0.0.1, 0 for a free one; null for no page. */
  readonly ui: number | null;
  /** Address to which the events are posted; null for none. */
  readonly events: string | null;
  readonly console: Console;
}

/**
 * Starts the thread that serves the page and posts the events, and prints the page's address to standard
 * error; null if the run wants neither or keeps nothing. The address is in no file, since whoever has it may
 * read the run. Throws UsageError if the port is taken.
 */
export async function startLive(
  { folder, ui, events, console }: LiveWishes,
): Promise<LiveThread | null> {
  if (folder === null || ui === null && events === null) return null;
  const runs = [{ name: basename(resolve(folder)), folder }];
  return await startThread({ runs, port: ui, url: events, console });
}

/**
 * Starts the thread that serves the pages of several runs, each once it has begun, and prints the address.
 * The runs follow one another. The returned object ends the thread. Throws UsageError if the port is taken.
 */
export async function startLivePages(
  { runs, port, console }: {
    readonly runs: readonly FollowedRun[];
    /** Port on 127.0.0.1, 0 for a free one. */
    readonly port: number;
    readonly console: Console;
  },
): Promise<LivePages> {
  return await startThread({ runs, port, url: null, console });
}

/** Pages that are served until they are closed, and the controls of their runs. */
export type LivePages = Pick<LiveThread, "close" | "of">;

async function startThread(
  { console, ...options }: Omit<LiveOptions, "warn"> & { readonly console: Console },
): Promise<LiveThread> {
  try {
    const thread = await LiveThread.start({ ...options, warn: console.err });
    if (thread.address !== null) console.err(`Live page: ${thread.address}`);
    return thread;
  } catch (error) {
    if (!(error instanceof PortError)) throw error;
    throw new UsageError(
      `Cannot serve the live page on port ${options.port} (${error.message}): give another --ui PORT, or --ui alone for a free port`,
      { cause: error },
    );
  }
}
