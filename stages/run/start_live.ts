/**
 * Starts the live page of a run.
 *
 * @module
 */
import { basename, resolve } from "node:path";
import { LiveThread, PortError } from "../report/live/live_thread.ts";
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
  const options = { name: basename(resolve(folder)), folder, port: ui, url: events, warn: console.err };
  try {
    const thread = await LiveThread.start(options);
    if (thread.address !== null) console.err(`Live page: ${thread.address}`);
    return thread;
  } catch (error) {
    if (!(error instanceof PortError)) throw error;
    throw new UsageError(
      `Cannot serve the live page on port ${ui} (${error.message}): give another --ui PORT, or --ui alone for a free port`,
      { cause: error },
    );
  }
}
