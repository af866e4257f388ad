/**
 * Server-Sent Events of the lines of one or several metrics.jsonl. The id of an event is the number of its
 * line, so that a reader that reconnects with Last-Event-ID continues where it was. Source: the HTML
 * standard, section "Server-sent events".
 *
 * @module
 */
import { decodeEvent } from "../../flow/event_json.ts";
import type { LineFollower, LinePosition } from "./line_follower.ts";

/** One followed file of a stream. */
export interface StreamSource {
  readonly follower: LineFollower;
  /** Number of lines that the reader has. */
  readonly after: number;
  /** Epoch in which the reader got them; null if it does not say. */
  readonly epoch: number | null;
}

/** What a stream sends besides lines. */
export interface StreamOptions {
  /** Milliseconds between comments that keep an idle connection open, and that notice a closed one. */
  readonly keepAlive?: number;
  /** Aborted when the server closes: the streams then end after the lines that are there. */
  readonly closing: AbortSignal;
  /**
   * Returns messages without an id that the reader does not have yet. It is called after the lines and at
   * each change; `null` means none.
   */
  state?(): string | null;
  /** Resolves when `state` may have changed. Default: only when lines arrive. */
  stateChanged?(signal: AbortSignal): Promise<void>;
  /** Called once when the stream has ended, whether the reader or the server ended it. */
  onEnd?(): void;
}

interface Cursor {
  readonly follower: LineFollower;
  position: LinePosition;
  epoch: number;
}

/**
 * Returns the stream of the files' lines from those on that the reader lacks. Events of a single file have
 * the type "message"; those of several have the type "run0", "run1" and so on, and as id the line numbers of
 * all files with commas between. An event "reset" says that a file was truncated or replaced, with
 * `{run, epoch}` as data; all its lines follow.
 *
 * The stream reads when the reader asks: a slow reader holds one chunk of at most 256 KiB (or one line), and
 * delays nobody else.
 */
export function eventStream(
  sources: readonly StreamSource[],
  options: StreamOptions,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const { keepAlive = 15_000, closing } = options;
  const encoder = new TextEncoder();
  const ended = new AbortController();
  const end = (): void => {
    if (ended.signal.aborted) return;
    ended.abort();
    options.onEnd?.();
  };
  let cursors: Cursor[] | null = null;
  async function next(): Promise<string | null> {
    cursors ??= await Promise.all(sources.map(startOf));
    while (true) {
      for (const [run, cursor] of cursors.entries()) {
        const text = await textAfter(cursor, { run, cursors });
        if (text !== "") return text;
      }
      const state = options.state?.() ?? null;
      if (state !== null) return state;
      if (closing.aborted || ended.signal.aborted) return null;
      if (!await change(cursors)) return ": still here\n\n";
    }
  }
  /** Waits for new lines, a new state or the end; returns false if `keepAlive` has passed instead. */
  async function change(cursors: readonly Cursor[]): Promise<boolean> {
    const pause = new AbortController();
    const signal = AbortSignal.any([ended.signal, closing, pause.signal]);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      pause.abort();
    }, keepAlive);
    const waits = cursors.map(({ follower }) => follower.changed(signal));
    if (options.stateChanged !== undefined) waits.push(options.stateChanged(signal));
    const grown = cursors.some(({ follower, position, epoch }) =>
      follower.epoch !== epoch || !follower.isGone && follower.bytes > position.offset
    );
    if (!grown) await Promise.race(waits); // otherwise it has grown before the wait began
    clearTimeout(timer);
    pause.abort();
    return !late;
  }
  return new ReadableStream({
    async pull(controller) {
      try {
        const text = await next();
        if (ended.signal.aborted) return;
        if (text !== null) return controller.enqueue(encoder.encode(text));
        end();
        controller.close();
      } catch (error) {
        end();
        controller.error(error);
      }
    },
    cancel: end,
  }, { highWaterMark: 0 });
}

async function startOf({ follower, after, epoch }: StreamSource): Promise<Cursor> {
  const now = follower.epoch, current = epoch === null || epoch === now;
  if (current && after <= follower.lines) {
    return { follower, position: await follower.position(after), epoch: now }; // which may have passed
  }
  return { follower, position: { line: 0, offset: 0 }, epoch: -1 }; // -1: tells the reader to start anew
}

/** Returns the events after a cursor, and moves it; empty if there are none. */
async function textAfter(
  cursor: Cursor,
  { run, cursors }: { readonly run: number; readonly cursors: readonly Cursor[] },
): Promise<string> {
  const { follower } = cursor;
  if (cursor.epoch !== follower.epoch) {
    cursor.epoch = follower.epoch;
    cursor.position = { line: 0, offset: 0 };
    return `event: reset\ndata: ${JSON.stringify({ run, epoch: cursor.epoch })}\nid: ${idOf(cursors)}\n\n`;
  }
  const { lines, next } = await follower.read(cursor.position);
  const type = cursors.length === 1 ? "" : `event: run${run}\n`;
  let text = "";
  for (const line of lines) {
    cursor.position = { line: cursor.position.line + 1, offset: cursor.position.offset };
    if (decodeEvent(line) === null) continue; // a page could not show it
    text += `${type}data: ${line.replaceAll("\r", " ")}\nid: ${idOf(cursors)}\n\n`; // CR ends a line of SSE
  }
  cursor.position = next;
  return text;
}

function idOf(cursors: readonly Cursor[]): string {
  return cursors.map(({ position }) => position.line).join(",");
}
