/**
 * A document as a row in FineWeb's schema. Source: the dataset card of HuggingFaceFW/fineweb.
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
}>;

/** The row of a document. */
export function toRow(doc: Document): Row {
  return {
    text: doc.text,
    id: doc.id,
    dump: doc.dump,
    url: doc.url,
    date: doc.date,
    file_path: doc.filePath,
    language: doc.language,
    language_score: doc.languageScore,
    token_count: doc.tokenCount,
  };
}
