/**
 * A document as a row in FineWeb's schema with one more column, `metadata`. Source: the dataset card of
 * HuggingFaceFW/fineweb.
 *
 * @module
 */
import type { Document } from "../items.ts";

/** A row with its keys in the order of FineWeb's files; unknown fields are undefined. */
export type Row = Readonly<{
  text: string;
  id: string;
  dump: string | undefined;
  url: string | undefined;
  date: string | undefined;
  file_path: string | undefined;
  language: string | undefined;
  language_score: number | undefined;
  token_count: number | undefined;
  /** The document's other fields as one JSON object, in JSON text: see `toLine`. */
  metadata: string | undefined;
}>;

/** The row of a document. All strings are well-formed: lone surrogates become U+FFFD. */
export function toRow(doc: Document): Row {
  return {
    text: doc.text.toWellFormed(),
    id: doc.id.toWellFormed(),
    dump: doc.dump?.toWellFormed(),
    url: doc.url?.toWellFormed(),
    date: doc.date?.toWellFormed(),
    file_path: doc.filePath?.toWellFormed(),
    language: doc.language?.toWellFormed(),
    language_score: doc.languageScore,
    token_count: doc.tokenCount,
    metadata: doc.metadata === undefined ? undefined : wellFormedJson(doc.metadata),
  };
}

/** Returns a value as JSON text that has no lone surrogates, escaped or not. */
export function wellFormedJson(value: unknown): string {
  const json = JSON.stringify(value);
  return /\\ud[89a-f]/i.test(json) ? JSON.stringify(wellFormed(value)) : json;
}

function wellFormed(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [name.toWellFormed(), wellFormed(field)]),
  );
}

const unknown: Readonly<Record<string, string | number>> = {
  language_score: 0,
  token_count: 0,
  metadata: "{}",
};

/**
 * Returns a row as a line of JSON in which each column has the same type as in every other line, so that
 * programs can derive one schema from any lines of any files, however much their sources differ:
 *
 * - An unknown text is "", an unknown number 0. The Hugging Face library `datasets` derives the type "null"
 *   from lines of nulls, and refuses other values in later lines.
 * - `metadata` is a string, because objects with other fields would be other types.
 * - `language_score` has a decimal point, or some lines would be integers.
 */
export function toLine(row: Row & { readonly reason?: string }): string {
  const fields = Object.entries(row).map(([name, value = unknown[name] ?? ""]) => {
    const text = JSON.stringify(value);
    return `${JSON.stringify(name)}:${
      name === "language_score" && Number.isInteger(value) ? `${text}.0` : text
    }`;
  });
  return `{${fields.join(",")}}\n`;
}
