/**
 * stats.json: the statistics of a run's stages, the filter rules, and the distributions of documents.
 *
 * @module
 */
import type { RunEvent } from "../flow/events.ts";
import { type Distributions, distributions } from "./distributions.ts";
import { count } from "./quantity.ts";
import { type StageStats, stageStats } from "./stage_stats.ts";
import { isRecord } from "../disk/json.ts";

/** Statistics of a run. */
export interface RunStats {
  /** The filter rules: recipe, word and sentence splitter, lists. Absent if the run has no filters. */
  readonly filters?: Readonly<Record<string, unknown>>;
  /** Statistics of each stage; the stages are in the order of the flow. */
  readonly stages: readonly StageStats[];
  /** Distributions of the documents; absent if the run did not survey its documents. */
  readonly documents?: Distributions;
}

/** Computes the statistics from all events of a run, those before resumes included. */
export function runStats(events: readonly RunEvent[]): RunStats {
  const stages = stageStats(events);
  const documents = distributions(events, stages);
  const filters = events.map((event) => event.type === "run" ? event.filters : undefined).findLast(isRecord);
  return { ...(filters && { filters }), stages, ...(documents && { documents }) };
}

/** Filters that the last lines of a run name; the report and stats.json have all. */
const mostFilters = 5;

/**
 * Returns at most two lines for the end of a run: how many documents were kept, and where the others were
 * dropped. There are none for a run that did not survey its documents.
 */
export function runStatsLines({ stages, documents }: RunStats): string[] {
  if (documents === undefined) return [];
  const { before, after } = documents;
  const tokens = after.tokens > 0 ? `, ${count(after.tokens)} tokens` : "";
  const kept = `Kept ${count(after.documents)} of ${count(before.documents)} documents, ` +
    `${count(after.characters)} of ${count(before.characters)} characters${tokens}`;
  const drops = stages
    .map(({ name, dropped }) => ({ name, lost: Object.values(dropped).reduce((sum, n) => sum + n, 0) }))
    .filter(({ lost }) => lost > 0)
    .toSorted((a, b) => b.lost - a.lost);
  if (drops.length === 0) return [kept];
  const most = drops.slice(0, mostFilters).map(({ name, lost }) => `${name} ${count(lost)}`);
  const others = drops.length - most.length;
  return [kept, `Dropped by ${most.join(", ")}${others > 0 ? `, ${others} more stages` : ""}`];
}
