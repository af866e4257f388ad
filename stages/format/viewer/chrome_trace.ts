/**
 * Chrome's trace format, which chrome://tracing and Perfetto (ui.perfetto.dev) open.
 *
 * The file has complete events ("ph": "X") and metadata events ("ph": "M"), with times in microseconds.
 * Source: the Trace Event Format.
 *
 * @module
 */

/** Something that took time, drawn as one bar. */
export interface TraceSpan {
  /** Text in the bar. */
  readonly name: string;
  /** Name of the row in which the bar is drawn. */
  readonly track: string;
  /** Start in milliseconds, on a clock that all spans share. */
  readonly start: number;
  /** Length in milliseconds. */
  readonly duration: number;
  /** Fields that the viewer shows when the bar is selected. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/**
 * Returns a trace file's content as JSON data. Tracks keep the order in which they first occur; the first
 * span starts at 0.
 */
export function chromeTrace(spans: readonly TraceSpan[]): Readonly<Record<string, unknown>> {
  const tracks = [...new Set(spans.map(({ track }) => track))];
  const origin = spans.reduce((least, { start }) => Math.min(least, start), Infinity);
  const microseconds = (milliseconds: number) => Math.round(1e6 * milliseconds) / 1000; // rounded to 1 ns
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
        ts: microseconds(start - origin),
        dur: microseconds(duration),
        ...(details && { args: details }),
      })),
    ],
  };
}
