/**
 * stats.json: what a run's stages did, by which rules, and what became of the documents.
 *
 * @module
 */
import type { RunEvent } from "../flow/events.ts";
import { truncate } from "./terminal_text.ts";
import { distributionLines } from "./distribution_lines.ts";
import { type Distributions, distributions } from "./distributions.ts";
import { type StageStats, stageStats, statsLines } from "./stage_stats.ts";
import { isRecord } from "../disk/json.ts";

/** All statistics of a run. */
export interface RunStats {
  /** Which rules were applied: recipe, word and sentence splitter, lists. Absent where nothing was filtered. */
  readonly filters?: Readonly<Record<string, unknown>>;
  readonly stages: readonly StageStats[];
  /** Absent where no documents were looked at. */
  readonly documents?: Distributions;
}

/** The statistics, resumes included. */
export function runStats(events: readonly RunEvent[]): RunStats {
  const stages = stageStats(events);
  const documents = distributions(events, stages);
  const filters = events.map((event) => event.type === "run" ? event.filters : undefined).findLast(isRecord);
  return { ...(filters && { filters }), stages, ...(documents && { documents }) };
}

/** As lines for a terminal `columns` wide. */
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
