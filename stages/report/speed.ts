/**
 * How fast a data run went: documents and megabytes a second, for each core and by stage.
 *
 * @module
 */
import type { StageStats } from "./stage_stats.ts";

/** What the source gave, in which time, on how many cores. */
export interface SourceThroughput {
  readonly documents: number;
  /** UTF-16 units of text, of a page of HTML. */
  readonly characters: number;
  readonly seconds: number;
  readonly cores: number;
}

const fewest = 0.01; // seconds at work: of less nothing can be said

/**
 * As lines: the whole first, then what each stage does in a second at work, on one core; of several workers each
 * counts. A megabyte is a million characters of what a stage is given.
 */
export function speedLines(
  stages: readonly StageStats[],
  { documents, characters, seconds, cores }: SourceThroughput,
): string[] {
  if (documents === 0 || seconds <= 0) return [];
  const share = seconds * cores;
  const on = cores === 1 ? "1 core" : `${cores} cores`;
  const lines = [
    `Speed:  ${rate(documents, seconds)} documents and ${
      rate(characters / 1e6, seconds)
    } MB a second on ${on}; per core ${rate(documents, share)} and ${rate(characters / 1e6, share)} MB`,
  ];
  const width = Math.max(...stages.map(({ name }) => name.length));
  for (const [i, { name, seen, kept, seconds: { busy } }] of stages.entries()) {
    if (busy < fewest) continue;
    const given = charactersOf(i === 0 ? stages[0] : stages[i - 1]);
    const items = Math.max(seen, i === 0 ? kept : 0);
    lines.push(
      `  ${name.padEnd(width)}  ${rate(items, busy).padStart(8)} documents and ${
        rate(given / 1e6, busy).padStart(6)
      } MB a second at work`,
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
