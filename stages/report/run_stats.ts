/**
 * stats.json: the statistics of a run's stages, the filter rules, and the distributions of documents.
 *
 * @module
 */
import type { RunEvent } from "../flow/events.ts";
import { truncate } from "./terminal_text.ts";
import { distributionLines } from "./distribution_lines.ts";
import { type Distributions, distributions } from "./distributions.ts";
import { type StageStats, stageStats, statsLines } from "./stage_stats.ts";
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

/** Returns the statistics as lines for a terminal `columns` wide. */
export function runStatsLines({ filters, stages, documents }: RunStats, columns: number): string[] {
  const rules = filters === undefined
    ? []
    : [`recipe ${filters.recipe}, words ${filters.words}, sentences ${filters.sentences}`];
  const tables = [
    ...statsLines(stages, columns),
    ...(documents ? distributionLines(documents, columns) : []),
  ];
  return [...rules.map((line) => truncate(line, columns)), ...tables];
}
