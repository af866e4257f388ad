/**
 * How well vocabularies compress: bytes a token by language and kind of text, side by side.
 *
 * @module
 */
import { padEnd, truncate } from "../../../stages/report/terminal_text.ts";
import { count } from "../../../stages/report/quantity.ts";
import { utf8Length } from "../../../stages/token/encode.ts";
import type { Tokenizer } from "../../../stages/token/tokenizer.ts";
import { type Passage, passages } from "./passages.ts";
import { encodeWithSpecial } from "./text_tokens.ts";

/** A tokenizer with a short name for its column. */
export interface NamedTokenizer {
  readonly name: string;
  readonly tokenizer: Tokenizer;
}

/** One text under every vocabulary. */
export interface CompressionRow {
  readonly label: string;
  readonly bytes: number;
  readonly characters: number;
  /** Tokens by vocabulary; null where it cannot encode the text. */
  readonly tokens: readonly (number | null)[];
  /** It says what the English passage says. */
  readonly translated: boolean;
}

/** Texts down, vocabularies across. */
export interface Compression {
  readonly columns: readonly { readonly name: string; readonly vocabSize: number }[];
  readonly rows: readonly CompressionRow[];
}

/** Counts the tokens of a text, if it is not empty, and of the passages. */
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

/** The table in a terminal: with four vocabularies 39 columns wide; and what the languages cost beside English. */
export function compressionLines({ columns, rows }: Compression): string[] {
  const line = (label: string, cells: readonly string[]) =>
    padEnd(truncate(label, 10), 11) + cells.map((cell) => cell.padStart(7)).join("");
  const ratios = (
    tokens: CompressionRow["tokens"],
    from: number | readonly (number | null)[],
    digits: number,
  ) =>
    tokens.map((n, i) => {
      const over = typeof from === "number" ? from : from[i];
      return n === null || over === null
        ? "–"
        : (typeof from === "number" ? over / n : n / over).toFixed(digits);
    });
  const english = rows.find(({ label }) => label === "English");
  return [
    "Bytes a token",
    line("", columns.map(({ name }) => truncate(name, 6))),
    line("vocabulary", columns.map(({ vocabSize }) => count(vocabSize))),
    ...rows.map(({ label, bytes, tokens }) => line(label, ratios(tokens, bytes, 2))),
    ...(english === undefined ? [] : [
      "",
      "Tokens for what English says in one",
      ...rows.filter(({ translated }) => translated)
        .map(({ label, tokens }) => line(label, ratios(tokens, english.tokens, 2))),
    ]),
  ];
}

function tokenCount(text: string, tokenizer: Tokenizer): number | null {
  try {
    return encodeWithSpecial(text, tokenizer).length;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // a character tokenizer knows only what it has met
    return null;
  }
}
