/**
 * Pre-tokenizers of `tokenizer.json`: they split a text into pieces, which the model encodes one by one.
 *
 * Source: huggingface/tokenizers, src/pre_tokenizers.
 *
 * @module
 */
import { bytesToCharacters } from "../byte_characters.ts";
import { RUST_WORD } from "../regexp/char_set.ts";
import { type SplitBehavior, splitBehaviors, splitRanges } from "../split/behaviors.ts";
import { type Matches, regExpMatches } from "../split/matches.ts";
import type { JsonField } from "./json_field.ts";
import { literalMatches, textPattern } from "./text_pattern.ts";

/** Pieces of a text. */
export interface Pieces {
  /** Texts of the pieces, in order; none is empty. */
  readonly texts: readonly string[];
  /** Whether the first piece begins where the whole text does. */
  readonly atStart: boolean;
}

/** Splits and rewrites pieces. */
export type PreTokenizer = (pieces: Pieces) => Pieces;

const utf8 = new TextEncoder();

/** Writes each byte of a piece as a printable character, as ByteLevel does. */
export function byteCharacters(piece: string): string {
  return bytesToCharacters(utf8.encode(piece));
}

/** The steps of a pre-tokenizer. */
export interface PreTokenizerSteps {
  readonly steps: readonly PreTokenizer[];
  /** Whether, after the steps, each byte of a piece is written as a printable character. */
  readonly bytes: boolean;
}

/** Reads a pre-tokenizer. Throws SyntaxError with the field for one that is not supported. */
export function preTokenizerOf(field: JsonField): PreTokenizerSteps {
  const parts = flat(field), steps: PreTokenizer[] = [];
  const bytes = parts.at(-1)?.type === "ByteLevel";
  parts.forEach((part, i) => {
    steps.push(...stepsOf(part));
    if (part.type === "ByteLevel" && i < parts.length - 1) steps.push(each(byteCharacters));
  });
  return { steps, bytes };
}

function flat(field: JsonField): JsonField[] {
  if (field.isNull) return [];
  if (field.type !== "Sequence") return [field];
  field.only(["pretokenizers"]);
  return field.at("pretokenizers").list().flatMap(flat);
}

function stepsOf(field: JsonField): PreTokenizer[] {
  switch (field.type) {
    case "ByteLevel": {
      field.only(["add_prefix_space", "trim_offsets", "use_regex"]); // offsets are no part of the ids
      const steps: PreTokenizer[] = [];
      if (field.at("add_prefix_space").flag(false)) {
        steps.push(each((text) => text.startsWith(" ") ? text : " " + text));
      }
      if (field.at("use_regex").flag(true)) steps.push(split(regExpMatches("gpt2"), "Isolated"));
      return steps;
    }
    case "Split": {
      field.only(["pattern", "behavior", "invert"]);
      const behavior = field.at("behavior").oneOf(splitBehaviors);
      return [split(textPattern(field.at("pattern")), behavior, field.at("invert").flag(false))];
    }
    case "Digits":
      field.only(["individual_digits"]);
      return [split(
        regExpMatches("\\p{N}"),
        field.at("individual_digits").flag(false) ? "Isolated" : "Contiguous",
      )];
    case "Metaspace":
      return metaspace(field);
    case "Punctuation":
      field.only(["behavior"]);
      return [split(regExpMatches(PUNCTUATION), field.at("behavior").oneOf(splitBehaviors, "Isolated"))];
    case "Whitespace":
      field.only([]);
      return [split(regExpMatches(`[${RUST_WORD}]+|[^${RUST_WORD}\\s]+`), "Removed", true)];
    case "WhitespaceSplit":
      field.only([]);
      return [split(regExpMatches("\\s"), "Removed")];
    case "BertPreTokenizer":
      field.only([]);
      return [split(regExpMatches("\\s"), "Removed"), split(regExpMatches(PUNCTUATION), "Isolated")];
    case "CharDelimiterSplit": {
      field.only(["delimiter"]);
      const delimiter = field.at("delimiter").string();
      return [split(regExpMatches(delimiter.replace(/[^\p{L}\p{N}\s]/gu, "\\$&")), "Removed")];
    }
    case "FixedLength": {
      field.only(["length"]);
      const length = field.at("length").count(5);
      if (length === 0) throw field.at("length").refuse("expected a whole number from 1");
      return [split(regExpMatches(`(?:.|\\n){1,${length}}`), "Isolated")];
    }
    default:
      throw field.at("type").refuse(
        `${JSON.stringify(field.type)} is not supported: expected ByteLevel, Split, Digits, Metaspace, ` +
          `Punctuation, Whitespace, WhitespaceSplit, BertPreTokenizer, CharDelimiterSplit, FixedLength or Sequence`,
      );
  }
}

/** ASCII punctuation, symbols included, and Unicode's punctuation. */
const PUNCTUATION = "[!-/:-@\\[-`{-~\\p{P}]";

/** Names of Metaspace's ways to put its character before a text. */
export const prependSchemes = ["always", "first", "never"] as const;

/**
 * Reads where a Metaspace puts its character before a text. Older files have `add_prefix_space` instead of
 * `prepend_scheme`.
 */
export function prependScheme(field: JsonField): typeof prependSchemes[number] {
  field.only(["replacement", "prepend_scheme", "split", "add_prefix_space", "str_rep"]);
  if (field.at("add_prefix_space").flag(true)) {
    return field.at("prepend_scheme").oneOf(prependSchemes, "always");
  }
  if (field.at("prepend_scheme").oneOf(prependSchemes, "never") === "never") return "never";
  throw field.at("add_prefix_space").refuse(
    'false does not agree with prepend_scheme: expected true or "never"',
  );
}

function metaspace(field: JsonField): PreTokenizer[] {
  const scheme = prependScheme(field), mark = field.at("replacement").string();
  const isMark = literalMatches(mark);
  const marked = (text: string): string => text.startsWith(mark) ? text : mark + text;
  const replace: PreTokenizer = ({ texts, atStart }) => ({
    texts: texts.map((text, i) => {
      const replaced = text.replaceAll(" ", mark);
      return scheme === "always" || scheme === "first" && atStart && i === 0 ? marked(replaced) : replaced;
    }),
    atStart,
  });
  return field.at("split").flag(true) ? [replace, split(isMark, "MergedWithNext")] : [replace];
}

function each(rewrite: (text: string) => string): PreTokenizer {
  return ({ texts, atStart }) => ({ texts: texts.map(rewrite), atStart });
}

function split(matches: Matches, behavior: SplitBehavior, invert = false): PreTokenizer {
  return ({ texts, atStart }) => {
    const out: string[] = [];
    let first = atStart;
    texts.forEach((text, i) => {
      const ranges = splitRanges(text, { matches, behavior, invert });
      if (i === 0) first = atStart && ranges.length > 0 && ranges[0][0] === 0;
      for (const [start, end] of ranges) out.push(text.slice(start, end));
    });
    return { texts: out, atStart: first };
  };
}
