/**
 * The throughput of a data run in documents and megabytes per second: in total, per core and by stage.
 *
 * @module
 */
import type { StageStats } from "./stage_stats.ts";

/** The amount of input that the source read, and the time and number of cores that the run used. */
export interface SourceThroughput {
  readonly documents: number;
  /** Number of UTF-16 units of the text, or of the HTML if the documents are web pages. */
  readonly characters: number;
  readonly seconds: number;
  readonly cores: number;
}

const leastBusy = 0.01; // seconds; the throughput of a stage that worked for less time cannot be measured

/**
 * Returns lines with the throughput of the whole run, then that of each stage per second of its own work. The
 * working times of several workers are added up, so a stage's throughput is that of one core. A megabyte is a
 * million characters of input.
 */
export function speedLines(
  stages: readonly StageStats[],
  { documents, characters, seconds, cores }: SourceThroughput,
): string[] {
  if (documents === 0 || seconds <= 0) return [];
  const coreSeconds = seconds * cores;
  const on = cores === 1 ? "1 core" : `${cores} cores`;
  const lines = [
    `Speed:  ${rate(documents, seconds)} documents and ${
      rate(characters / 1e6, seconds)
    } MB per second on ${on}; per core ${rate(documents, coreSeconds)} and ${
      rate(characters / 1e6, coreSeconds)
    } MB`,
  ];
  const width = Math.max(...stages.map(({ name }) => name.length));
  for (const [i, { name, seen, kept, seconds: { busy } }] of stages.entries()) {
    if (busy < leastBusy) continue;
    const given = charactersOf(i === 0 ? stages[0] : stages[i - 1]);
    const items = Math.max(seen, i === 0 ? kept : 0);
    lines.push(
      `  ${name.padEnd(width)}  ${rate(items, busy).padStart(8)} documents and ${
        rate(given / 1e6, busy).padStart(6)
      } MB per second of work`,
    );
  }
  return lines;
}

function charactersOf({ lengths }: StageStats): number {
  return lengths === undefined ? 0 : lengths.mean * lengths.count;
}

function rate(amount: number, seconds: number): string {
  const each = amount / seconds;
  const digits = each >= 100 ? 0 : each >= 10 ? 1 : 2;
  return each.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
