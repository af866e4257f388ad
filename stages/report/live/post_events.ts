/**
 * Posts the lines of a metrics.jsonl to an address as they are written.
 *
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";
import type { LineFollower, LinePosition } from "./line_follower.ts";

/** How lines are posted. */
export interface PostOptions {
  readonly url: string;
  /** Aborted when the run has ended: what is left is then posted once more, without waiting for new lines. */
  readonly closing: AbortSignal;
  /** Aborted when nothing more may be posted. */
  readonly stop: AbortSignal;
  /** Receives why a request failed; it is repeated, at most a minute later. */
  failed(why: string): void;
  /** Milliseconds before the first repetition. Default 1000. */
  readonly pause?: number;
}

const LONGEST_PAUSE = 60_000; // milliseconds
const REQUEST_WITHIN = 30_000; // milliseconds

/**
 * Posts all lines in order as `application/x-ndjson`, at most 256 KiB (or one line) a request, with the
 * number of the last line in the header Last-Event-ID. A receiver that gets a number twice, after an answer
 * was lost, may leave the lines out. A request that begins with the first line has the header X-Events-Reset:
 * its lines replace those that the receiver has from an earlier process, from another phase of the run, or
 * from before a truncation.
 */
export async function postEvents(follower: LineFollower, options: PostOptions): Promise<void> {
  const { url, closing, stop, failed, pause: first = 1000 } = options;
  let position: LinePosition = { line: 0, offset: 0 }, epoch = follower.epoch, pause = first, reset = true;
  while (!stop.aborted) {
    if (follower.epoch !== epoch) {
      [position, epoch, reset] = [{ line: 0, offset: 0 }, follower.epoch, true]; // truncated or replaced
    }
    const read = new AbortController();
    // Before the file is read, as it may grow just after that.
    const changed = follower.changed(AbortSignal.any([closing, stop, read.signal]));
    const { lines, next } = await follower.read(position);
    if (lines.length === 0) {
      if (closing.aborted) return;
      await changed;
      continue;
    }
    read.abort();
    const why = await post(`${lines.join("\n")}\n`, { url, stop, last: next.line, reset });
    if (why === null) {
      [position, pause, reset] = [next, first, false];
      continue;
    }
    if (stop.aborted) return;
    failed(why);
    if (closing.aborted) return;
    await delay(pause, undefined, { signal: AbortSignal.any([closing, stop]) }).catch(() => {});
    pause = Math.min(2 * pause, LONGEST_PAUSE);
  }
}

/** Returns why the request failed; null if the receiver took the lines. */
async function post(
  body: string,
  { url, stop, last, reset }: {
    readonly url: string;
    readonly stop: AbortSignal;
    readonly last: number;
    readonly reset: boolean;
  },
): Promise<string | null> {
  try {
    const response = await fetch(url, {
      method: "POST",
      body,
      redirect: "error",
      headers: {
        "content-type": "application/x-ndjson",
        "last-event-id": String(last),
        ...(reset && { "x-events-reset": "1" }),
      },
      signal: AbortSignal.any([stop, AbortSignal.timeout(REQUEST_WITHIN)]),
    });
    await response.body?.cancel();
    return response.ok ? null : `${new URL(url).host} answered ${response.status}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
