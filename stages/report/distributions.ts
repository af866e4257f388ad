/**
 * How long documents are, in which languages and from which domains, before the filters and after them, as tables.
 *
 * @module
 */
import { desc, from, op } from "arquero";
import type { RunEvent, SurveyEvent } from "../flow/events.ts";
import type { StageStats } from "./stage_stats.ts";

/** Sums over the documents at one place. */
export interface Total {
  readonly documents: number;
  readonly characters: number;
  readonly tokens: number;
  readonly withoutUrl: number;
}

/** Documents of `from` characters or more, but less than `to`. */
export type LengthRow = Readonly<{ from: number; to: number; before: number; after: number }>;

/** Documents of a language: kept to the end, dropped because it is not wanted, dropped because it is not sure. */
export type LanguageRow = Readonly<{ language: string; kept: number; unwanted: number; unsure: number }>;

/** Documents of a domain; `after` is null where it is not among those told of. */
export type DomainRow = Readonly<{ domain: string; before: number; after: number | null }>;

/** All of it; the names of the places are those of the surveys. */
export interface Distributions {
  readonly before: Total;
  readonly after: Total;
  readonly lengths: readonly LengthRow[];
  readonly languages: readonly LanguageRow[];
  readonly domains: readonly DomainRow[];
  /** By how much a domain's count may be too small. */
  readonly domainsMissed: number;
}

/** The tables of a run with surveys "before filters" and "after filters"; null of any other. */
export function distributions(
  events: Iterable<RunEvent>,
  stages: readonly StageStats[],
): Distributions | null {
  const last = new Map<string, SurveyEvent>();
  for (const event of events) if (event.type === "survey") last.set(event.name, event);
  const before = last.get("before filters"), after = last.get("after filters");
  if (before === undefined || after === undefined) return null;
  return {
    before: totalOf(before),
    after: totalOf(after),
    lengths: lengthRows(before, after),
    languages: languageRows(after, stages),
    domains: domainRows(before, after),
    domainsMissed: Math.max(before.domainsMissed, after.domainsMissed),
  };
}

function totalOf({ documents, characters, tokens, withoutUrl }: SurveyEvent): Total {
  return { documents, characters, tokens, withoutUrl };
}

function lengthRows(before: SurveyEvent, after: SurveyEvent): LengthRow[] {
  const bins = Math.max(before.lengths.length, after.lengths.length);
  const all = Array.from({ length: bins }, (_, i) => ({
    from: i === 0 ? 0 : 2 ** i,
    to: 2 ** (i + 1),
    before: before.lengths[i] ?? 0,
    after: after.lengths[i] ?? 0,
  }));
  const first = all.findIndex((row) => row.before + row.after > 0);
  return first < 0 ? [] : all.slice(first);
}

function languageRows(after: SurveyEvent, stages: readonly StageStats[]): LanguageRow[] {
  const dropped = stages.flatMap((stage) => Object.entries(stage.dropped)).flatMap(([reason, count]) => {
    const found = /^language_(score_)?(.+)$/.exec(reason);
    if (found === null) return [];
    const [, unsure, language] = found;
    return [{ language, kept: 0, unwanted: unsure ? 0 : count, unsure: unsure ? count : 0 }];
  });
  const kept = Object.entries(after.languages).map(([language, count]) => ({
    language,
    kept: count,
    unwanted: 0,
    unsure: 0,
  }));
  if (dropped.length + kept.length === 0) return [];
  return from([...kept, ...dropped]).groupby("language").rollup({
    kept: (d: LanguageRow) => op.sum(d.kept),
    unwanted: (d: LanguageRow) => op.sum(d.unwanted),
    unsure: (d: LanguageRow) => op.sum(d.unsure),
  }).derive({ all: (d: LanguageRow) => d.kept + d.unwanted + d.unsure })
    .orderby(desc("all"), "language").objects().filter(isLanguage)
    .map(({ language, kept, unwanted, unsure }) => ({ language, kept, unwanted, unsure }));
}

const fewest = 200; // domains told of: a list that is shorter is whole

function domainRows(before: SurveyEvent, after: SurveyEvent): DomainRow[] {
  const rows = Object.entries(before.domains).map(([domain, count]) => ({ domain, before: count }));
  if (rows.length === 0) return [];
  const kept = Object.entries(after.domains).map(([domain, count]) => ({ domain, after: count }));
  const whole = kept.length < fewest && after.domainsMissed === 0;
  const table = from(rows);
  const joined = kept.length > 0 ? table.join_left(from(kept), "domain") : table;
  return joined.orderby(desc("before"), "domain").objects().filter(isDomain)
    .map((row) => ({ domain: row.domain, before: row.before, after: row.after ?? (whole ? 0 : null) }));
}

function isLanguage(row: object): row is LanguageRow {
  return "language" in row && "unsure" in row;
}

function isDomain(row: object): row is { domain: string; before: number; after?: number } {
  return "domain" in row && "before" in row;
}
