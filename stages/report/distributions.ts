/**
 * Lengths, languages and domains of documents, before and after the filters, as tables.
 *
 * @module
 */
import { desc, from, op } from "arquero";
import type { RunEvent, SurveyEvent } from "../flow/events.ts";
import type { StageStats } from "./stage_stats.ts";

/** Sums over the documents of one survey. */
export interface Total {
  /** Number of documents. */
  readonly documents: number;
  /** Length of all texts in UTF-16 units. */
  readonly characters: number;
  /** Number of tokens of the documents whose tokens were counted. */
  readonly tokens: number;
  /** Number of documents that have no URL. */
  readonly withoutUrl: number;
}

/**
 * Number of documents with a length of [`from`, `to`) characters, first before the filters and then after
 * them.
 */
export type LengthRow = Readonly<{ from: number; to: number; before: number; after: number }>;

/**
 * Number of documents in a language: kept, dropped because the language is not wanted, and dropped because
 * its score is too low.
 */
export type LanguageRow = Readonly<{ language: string; kept: number; unwanted: number; unsure: number }>;

/**
 * Number of documents of a domain; `after` is null if the survey after the filters did not list the domain.
 */
export type DomainRow = Readonly<{ domain: string; before: number; after: number | null }>;

/** The tables of a run. */
export interface Distributions {
  /** Sums before the filters. */
  readonly before: Total;
  /** Sums after the filters. */
  readonly after: Total;
  /** Documents by length. */
  readonly lengths: readonly LengthRow[];
  /** Documents by language. */
  readonly languages: readonly LanguageRow[];
  /** Documents by registered domain. */
  readonly domains: readonly DomainRow[];
  /**
   * Largest possible error of a domain's count: it can be too small by at most this number, and is never too
   * large.
   */
  readonly domainsMissed: number;
}

/**
 * Returns the tables of a run that has surveys named "before filters" and "after filters", or null for other
 * runs.
 */
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
    const match = /^language_(score_)?(.+)$/.exec(reason);
    if (match === null) return [];
    const [, unsure, language] = match;
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

const listedDomains = 200; // maximum length of a survey's list of domains; a shorter list is complete

function domainRows(before: SurveyEvent, after: SurveyEvent): DomainRow[] {
  const rows = Object.entries(before.domains).map(([domain, count]) => ({ domain, before: count }));
  if (rows.length === 0) return [];
  const kept = Object.entries(after.domains).map(([domain, count]) => ({ domain, after: count }));
  const complete = kept.length < listedDomains && after.domainsMissed === 0;
  const table = from(rows);
  const joined = kept.length > 0 ? table.join_left(from(kept), "domain") : table;
  return joined.orderby(desc("before"), "domain").objects().filter(isDomain)
    .map((row) => ({ domain: row.domain, before: row.before, after: row.after ?? (complete ? 0 : null) }));
}

function isLanguage(row: object): row is LanguageRow {
  return "language" in row && "unsure" in row;
}

function isDomain(row: object): row is { domain: string; before: number; after?: number } {
  return "domain" in row && "before" in row;
}
