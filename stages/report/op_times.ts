/**
 * Where a device's time goes, as lines for people.
 *
 * @module
 */
import { truncate } from "./block.ts";
import { share } from "./quantity.ts";

/** One op over all its timed calls. */
export interface OpTime {
  /** Its name. */
  readonly op: string;
  /** Timed calls. */
  readonly calls: number;
  /** All of them together. */
  readonly seconds: number;
  /** Of the time of all ops, 0 to 1. */
  readonly share: number;
  /** Share of all threads' time that they waited for each other at the end of a call, 0 to 1; on a GPU 0. */
  readonly waiting: number;
  /** Floating-point operations as the op counts them, in 10⁹ a second; 0 for an op that only moves data. */
  readonly gflops: number;
  /** Bytes as planned, each counted once, in 10⁹ a second. */
  readonly gigabytes: number;
}

/** A table, the longest first, no line longer than `columns`. */
export function opLines(ops: readonly OpTime[], columns: number): string[] {
  if (ops.length === 0) return [];
  const name = Math.max(3, ...ops.map(({ op }) => op.length));
  const waits = ops.some(({ waiting }) => waiting > 0);
  const line = (first: string, cells: readonly string[]) =>
    truncate(`${first.padEnd(name)}${cells.map((cell) => cell.padStart(10)).join("")}`, columns);
  const head = ["calls", "ms", "share", ...(waits ? ["waiting"] : []), "GFLOPS", "GB/s"];
  return [
    line("op", head),
    ...ops.map((row) =>
      line(row.op, [
        String(row.calls),
        (1000 * row.seconds).toFixed(2),
        share(row.share),
        ...(waits ? [share(row.waiting)] : []),
        row.gflops > 0 ? row.gflops.toFixed(1) : "",
        row.gigabytes.toFixed(1),
      ])
    ),
  ];
}
