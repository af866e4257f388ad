/**
 * Compares how well vocabularies compress: bytes per token by language and kind of text.
 *
 * @module
 */
import { padEnd, truncate } from "../../../stages/report/terminal_text.ts";
import { count } from "../../../stages/report/quantity.ts";
import { utf8Length } from "../../../stages/token/encode.ts";
import type { Tokenizer } from "../../../stages/token/tokenizer.ts";
import { type Passage, passages } from "./passages.ts";
import { encodeWithSpecial } from "../../../stages/token/view/text_tokens.ts";

/** A tokenizer and its name. */
export interface NamedTokenizer {
  /** Name in the header of a column; at most six characters are shown. */
  readonly name: string;
  readonly tokenizer: Tokenizer;
}

/** The size of a text, and its number of tokens under each vocabulary. */
export interface CompressionRow {
  readonly label: string;
  /** Length in UTF-8 bytes. */
  readonly bytes: number;
  /** Length in code points. */
  readonly characters: number;
  /** Number of tokens under each vocabulary; null if the vocabulary cannot encode the text. */
  readonly tokens: readonly (number | null)[];
  /** Whether the text is a translation of the English passage. */
  readonly translated: boolean;
}

/** A table with a row for each text and a column for each vocabulary. */
export interface Compression {
  readonly columns: readonly { readonly name: string; readonly vocabSize: number }[];
  readonly rows: readonly CompressionRow[];
}

/** Counts the tokens of the user's own text, unless it is empty, and of the passages. */
export function compareCompression(
  tokenizers: readonly NamedTokenizer[],
  own: { readonly label: string; readonly text: string },
): Compression {
  const first: Passage[] = own.text === "" ? [] : [{ ...own, translated: false }];
  return {
    columns: tokenizers.map(({ name, tokenizer }) => ({ name, vocabSize: tokenizer.vocabSize })),
    rows: [...first, ...passages].map(({ label, text, translated }) => ({
      label,
      translated,
      bytes: utf8Length(text),
      characters: [...text].length,
      tokens: tokenizers.map(({ tokenizer }) => tokenCount(text, tokenizer)),
    })),
  };
}

/**
 * Returns the lines of two tables for a terminal: the bytes per token, and the number of tokens of each
 * language relative to English. With four vocabularies, the tables are 39 columns wide.
 */
export function compressionLines({ columns, rows }: Compression): string[] {
  const line = (label: string, cells: readonly string[]) =>
    padEnd(truncate(label, 10), 11) + cells.map((cell) => cell.padStart(7)).join("");
  const ratio = (numerator: number | null, denominator: number | null) =>
    numerator === null || denominator === null ? "–" : (numerator / denominator).toFixed(2);
  const english = rows.find(({ label }) => label === "English");
  return [
    "Bytes per token",
    line("", columns.map(({ name }) => truncate(name, 6))),
    line("vocabulary", columns.map(({ vocabSize }) => count(vocabSize))),
    ...rows.map(({ label, bytes, tokens }) => line(label, tokens.map((n) => ratio(bytes, n)))),
    ...(english === undefined ? [] : [
      "",
      "Tokens relative to English",
      ...rows.filter(({ translated }) => translated)
        .map(({ label, tokens }) => line(label, tokens.map((n, i) => ratio(n, english.tokens[i])))),
    ]),
  ];
}

function tokenCount(text: string, tokenizer: Tokenizer): number | null {
  try {
    return encodeWithSpecial(text, tokenizer).length;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // a character tokenizer cannot encode unknown characters
    return null;
  }
}
