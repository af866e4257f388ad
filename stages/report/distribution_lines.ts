/**
 * Tables of document lengths, languages and domains for a terminal.
 *
 * @module
 */
import { padEnd, truncate } from "./terminal_text.ts";
import type { Distributions } from "./distributions.ts";
import { count } from "./quantity.ts";

const mostLanguages = 6; // rows of a table: more would push other lines off the screen
const mostDomains = 8;

/**
 * Returns lines with the totals, the lengths with bars, the languages and the domains; no line is wider than
 * `columns`.
 */
export function distributionLines(distributions: Distributions, columns: number): string[] {
  const { before, after, lengths, languages, domains } = distributions;
  const fit = (line: string): string => truncate(line, columns);
  const lines = [
    "",
    `kept ${count(after.documents)} of ${count(before.documents)} documents, ${count(after.characters)} of ` +
    `${count(before.characters)} characters${after.tokens > 0 ? `, ${count(after.tokens)} tokens` : ""}`,
  ];
  if (before.withoutUrl > 0) lines.push(`${count(before.withoutUrl)} documents have no URL`);
  if (lengths.length > 0) lines.push("", `${padEnd("characters", 15)}   before    after`);
  const most = Math.max(1, ...lengths.map((row) => row.before));
  const barColumns = Math.max(0, Math.min(40, columns - 36));
  for (const row of lengths) {
    const whole = Math.round(row.before / most * barColumns);
    const kept = Math.min(whole, Math.round(row.after / most * barColumns));
    const bar = "█".repeat(kept) + "░".repeat(whole - kept);
    const range = `${count(row.from)}-${count(row.to - 1)}`;
    lines.push(`${padEnd(range, 15)}${cell(row.before)}${cell(row.after)}  ${bar}`.trimEnd());
  }
  if (languages.length > 0) lines.push("", `${padEnd("language", 15)}     kept unwanted   unsure`);
  for (const row of languages.slice(0, mostLanguages)) {
    lines.push(
      `${padEnd(truncate(row.language, 15), 15)}${cell(row.kept)}${cell(row.unwanted)}${cell(row.unsure)}`,
    );
  }
  if (languages.length > mostLanguages) lines.push(`… ${languages.length - mostLanguages} more languages`);
  const longest = Math.max(15, ...domains.slice(0, mostDomains).map((row) => row.domain.length));
  const name = Math.min(longest, 40, Math.max(10, columns - 18));
  if (domains.length > 0) lines.push("", `${padEnd("domain", name)}   before    after`);
  for (const row of domains.slice(0, mostDomains)) {
    const kept = row.after === null ? "        ?" : cell(row.after);
    lines.push(`${padEnd(truncate(row.domain, name), name)}${cell(row.before)}${kept}`);
  }
  if (domains.length > mostDomains) {
    lines.push(`… ${domains.length - mostDomains} more domains in stats.json`);
  }
  return lines.map(fit);
}

function cell(value: number): string {
  return count(value).padStart(9);
}
