/**
 * The numbers of items that each stage has seen, kept and dropped, for stats.json, the terminal and the
 * report.
 *
 * @module
 */
import { desc, from, op } from "arquero";
import stringWidth from "string-width";
import type { RunEvent } from "../flow/events.ts";
import type { Lengths } from "../flow/flow.ts";
import { padEnd, truncate } from "./terminal_text.ts";
import { count, share, time } from "./quantity.ts";

/** Statistics of one stage over the whole run, resumes included. */
export interface StageStats {
  /** Name of the stage. */
  readonly name: string;
  /** Number of items that the stage received. */
  readonly seen: number;
  /** Number of items that the stage passed on. */
  readonly kept: number;
  /** Number of dropped items by reason, most frequent first. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Fraction of the seen items that was dropped, from 0 to 1. */
  readonly droppedShare: number;
  /**
   * Lengths of the kept items, such as characters of documents; absent for items without a length.
   * `deviation` is the standard deviation.
   */
  readonly lengths?: {
    readonly count: number;
    readonly mean: number;
    readonly deviation: number;
    readonly min: number;
    readonly max: number;
  };
  /** Seconds of work (`busy`), and of waiting for the previous stage (`blocked`). */
  readonly seconds: { readonly busy: number; readonly blocked: number };
}

/** The last event of a stage in one session. A session lasts from a start or resume to the next resume. */
interface StageRow {
  readonly order: number;
  readonly session: number;
  readonly stage: string;
  readonly seen: number;
  readonly kept: number;
  readonly busy: number;
  readonly blocked: number;
}

interface DropCount {
  readonly stage: string;
  readonly reason: string;
  readonly count: number;
}

/**
 * Returns the statistics of all stages, in the order of the flow. After a resume the counts continue but the
 * seconds start at 0, so the last seconds of each session are added up. A session begins with a "run" event.
 */
export function stageStats(events: Iterable<RunEvent>): StageStats[] {
  const last = new Map<string, StageRow>();
  const reasons = new Map<string, DropCount[]>();
  const lengths = new Map<string, Lengths>();
  let session = 0;
  for (const event of events) {
    if (event.type === "run") session++;
    if (event.type !== "stage") continue;
    const { name: stage, in: seen, out: kept, busy, blocked } = event;
    const order = [...reasons.keys()].indexOf(stage);
    last.set(`${session} ${stage}`, {
      order: order < 0 ? reasons.size : order,
      session,
      stage,
      seen,
      kept,
      busy,
      blocked,
    });
    if (event.lengths !== undefined) lengths.set(stage, event.lengths);
    reasons.set(stage, Object.entries(event.dropped).map(([reason, count]) => ({ stage, reason, count })));
  }
  if (last.size === 0) return [];

  const stages = from([...last.values()]).groupby("stage").rollup({
    order: (d: StageRow) => op.min(d.order),
    seen: (d: StageRow) => op.max(d.seen),
    kept: (d: StageRow) => op.max(d.kept),
    busy: (d: StageRow) => op.sum(d.busy),
    blocked: (d: StageRow) => op.sum(d.blocked),
  });
  const dropped = reasonTable([...reasons.values()].flat());
  const totals = dropped.groupby("stage").rollup({ dropped: (d: DropCount) => op.sum(d.count) });
  const byStage = new Map<string, Record<string, number>>();
  for (const row of dropped.objects()) {
    if (!isDropCount(row)) continue;
    const group = byStage.get(row.stage) ?? {};
    group[row.reason] = row.count;
    byStage.set(row.stage, group);
  }
  return stages.join_left(totals, "stage").orderby("order").derive({
    droppedShare: (d: { seen: number; dropped?: number }) => d.seen > 0 ? (d.dropped ?? 0) / d.seen : 0,
  }).objects().filter(isStage).map((row) => ({
    name: row.stage,
    seen: row.seen,
    kept: row.kept,
    dropped: byStage.get(row.stage) ?? {},
    droppedShare: row.droppedShare,
    ...lengthStats(lengths.get(row.stage)),
    seconds: { busy: rounded(row.busy), blocked: rounded(row.blocked) },
  }));
}

/**
 * Returns the stages as a table for a terminal `columns` wide, each with its most frequent reasons below it.
 * If lengths were measured, a column shows the mean length of the kept items.
 */
export function statsLines(stats: readonly StageStats[], columns: number): string[] {
  if (stats.length === 0) return [];
  const longest = Math.max(5, ...stats.map((s) => stringWidth(s.name)));
  const measured = stats.some((s) => s.lengths !== undefined);
  const name = Math.min(longest, Math.max(10, columns - (measured ? 45 : 36)));
  const line = (first: string, cells: readonly string[]) =>
    truncate(
      `${padEnd(truncate(first, name), name)}${cells.map((c) => c.padStart(9)).join("")}`,
      columns,
    );
  const lines = [line("stage", ["seen", "kept", "dropped", ...(measured ? ["length"] : []), "busy"])];
  for (const s of stats) {
    const lost = Object.values(s.dropped).reduce((sum, n) => sum + n, 0);
    const cells = [
      count(s.seen),
      count(s.kept),
      lost === 0 ? "" : share(s.droppedShare),
      ...(measured ? [s.lengths === undefined ? "" : count(Math.round(s.lengths.mean))] : []),
      time(s.seconds.busy),
    ];
    lines.push(line(s.name, cells));
    const [...most] = Object.entries(s.dropped).slice(0, 3);
    if (most.length > 0) {
      const otherReasons = Object.keys(s.dropped).length - most.length;
      const text = most.map(([reason, n]) => `${reason} ${count(n)}`).join(", ");
      lines.push(truncate(`  ${text}${otherReasons > 0 ? `, ${otherReasons} more reasons` : ""}`, columns));
    }
  }
  return lines;
}

/** Returns the mean and standard deviation, computed from the sums in events. */
function lengthStats(lengths: Lengths | undefined): Pick<StageStats, "lengths"> {
  if (lengths === undefined) return {};
  const { count, sum, min, max, sumOfSquares } = lengths;
  const mean = sum / count;
  const deviation = Math.sqrt(Math.max(0, sumOfSquares / count - mean * mean));
  return { lengths: { count, mean: rounded(mean), deviation: rounded(deviation), min, max } };
}

function reasonTable(rows: readonly DropCount[]): ReturnType<typeof from> {
  const none = rows.length === 0;
  // arquero takes its columns from the rows, so it needs at least one row.
  const table = from(none ? [{ stage: "", reason: "", count: 0 }] : [...rows]);
  return (none ? table.slice(0, 0) : table).orderby(desc("count"), "reason");
}

function isDropCount(row: object): row is DropCount {
  return "stage" in row && "reason" in row && "count" in row;
}

function isStage(row: object): row is StageRow & { droppedShare: number } {
  return "stage" in row && "droppedShare" in row;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
