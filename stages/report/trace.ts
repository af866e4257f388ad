/**
 * Spans of time as a Chrome trace: chrome://tracing and Perfetto (ui.perfetto.dev) open it.
 * Format: Trace Event Format, complete events ("ph": "X") and metadata ("M"); times in microseconds.
 *
 * @module
 */
import type { Json } from "../flow/checkpoint/checkpoint.ts";

/** Something that took time on some track. */
export interface Span {
  /** What it was. */
  readonly name: string;
  /** A row of the picture. */
  readonly track: string;
  /** Milliseconds, all from one clock. */
  readonly start: number;
  /** Milliseconds. */
  readonly duration: number;
  /** Shown when it is clicked on. */
  readonly details?: Readonly<Record<string, Json>>;
}

/** The trace file's content: tracks in the order in which they first come, times from the first span on. */
export function chromeTrace(spans: readonly Span[]): Json {
  const tracks = [...new Set(spans.map(({ track }) => track))];
  const origin = spans.reduce((least, { start }) => Math.min(least, start), Infinity);
  const micro = (milliseconds: number) => Math.round(1e6 * milliseconds) / 1000; // to the nanosecond
  return {
    displayTimeUnit: "ms",
    traceEvents: [
      ...tracks.map((name, tid) => ({ ph: "M", name: "thread_name", pid: 1, tid, args: { name } })),
      ...tracks.map((_, tid) => ({
        ph: "M",
        name: "thread_sort_index",
        pid: 1,
        tid,
        args: { sort_index: tid },
      })),
      ...spans.map(({ name, track, start, duration, details }) => ({
        ph: "X",
        name,
        pid: 1,
        tid: tracks.indexOf(track),
        ts: micro(start - origin),
        dur: micro(duration),
        ...(details && { args: details }),
      })),
    ],
  };
}
