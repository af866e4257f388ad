/**
 * Reads and writes `tokenizer.json`, Hugging Face's format.
 *
 * @module
 */
import { addedTokens } from "./added_tokens.ts";
import { type BpeSpec, BpeTokenizer, type Merge } from "../bpe.ts";
import { bytesToCharacters, charactersToBytes } from "../byte_characters.ts";
import type { CharTokenizer } from "../char.ts";
import { parseCharacterJson } from "./character_json.ts";
import { ComposedTokenizer } from "../composed/composed_tokenizer.ts";
import { vocabularyJson, vocabularyOf } from "./gpt2_files.ts";
import { withoutAliases } from "../special.ts";
import { repeatsCounts } from "../split/matches.ts";
import { GPT4_SPELLINGS, type Pattern, patternSource } from "../split/patterns.ts";

const BYTE_LEVEL = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true };

/**
 * The content of `tokenizer.json`. Of special tokens with the same id, it has the first: Hugging Face's
 * library would lose that one if both were listed.
 */
export function huggingFaceJson(tokenizer: BpeTokenizer): string {
  const shown = tokenizer.tokens.map((bytes) => bytes === undefined ? "" : bytesToCharacters(bytes));
  return JSON.stringify({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: addedTokens(withoutAliases(tokenizer.special)),
    normalizer: null,
    pre_tokenizer: preTokenizer(tokenizer.pattern),
    post_processor: null,
    decoder: { ...BYTE_LEVEL, use_regex: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: vocabularyJson(tokenizer),
      merges: tokenizer.merges.map(([left, right]) => [shown[left], shown[right]]),
    },
  });
}

/**
 * Reads a `tokenizer.json`: as a CharTokenizer if it was written from one, as a BpeTokenizer if it has only
 * what that class does, otherwise as a ComposedTokenizer. Throws SyntaxError with the file, the field and the
 * reason.
 */
export function parseHuggingFaceJson(
  text: string,
  file: string,
): BpeTokenizer | ComposedTokenizer | CharTokenizer {
  const characters = parseCharacterJson(text);
  if (characters !== null) return characters;
  const composed = ComposedTokenizer.parse(text, file);
  const plain = plainBpe(JSON.parse(text));
  if (plain === null) return composed;
  try {
    return new BpeTokenizer(plain);
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error;
    return composed; // for example because a byte has no token
  }
}

/**
 * Returns the data of a tokenizer of a split pattern and byte-pair merges, or null if it has anything else.
 */
function plainBpe(root: unknown): BpeSpec | null {
  const model = field(root, "model"), pattern = patternOf(field(root, "pre_tokenizer"));
  const options = [
    field(root, "normalizer"),
    field(root, "post_processor"),
    ...["unk_token", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback", "ignore_merges"]
      .map((name) => field(model, name)),
  ];
  const decoder = field(root, "decoder");
  if (pattern === null || options.some((value) => value)) return null;
  if (decoder != null && field(decoder, "type") !== "ByteLevel") return null;
  const special = new Map<string, number>(), added = field(root, "added_tokens") ?? [];
  if (!Array.isArray(added)) return null;
  for (const token of added) {
    const flags = ["single_word", "lstrip", "rstrip", "normalized"].map((name) => field(token, name));
    if (flags.some((value) => value) || field(token, "special") === false) return null;
    special.set(field(token, "content"), field(token, "id"));
  }
  return bpeSpec(vocabularyOf(field(model, "vocab"), "model.vocab"), {
    merges: field(model, "merges"),
    special,
    pattern,
  });
}

function bpeSpec(
  vocab: ReadonlyMap<string, number>,
  { merges, special, pattern }: {
    readonly merges: unknown;
    readonly special: ReadonlyMap<string, number>;
    readonly pattern: Pattern;
  },
): BpeSpec | null {
  const tokens: (Uint8Array | undefined)[] = [];
  for (const [text, id] of vocab) {
    if (special.has(text)) continue;
    const bytes = charactersToBytes(text);
    if (bytes === null) return null;
    tokens[id] = bytes;
  }
  const pairs: Merge[] = [], seen = new Set<string>();
  for (const entry of Array.isArray(merges) ? merges : []) {
    const [left, right]: string[] = typeof entry === "string" ? entry.split(" ") : entry;
    const [a, b, id] = [left, right, left + right].map((text) => vocab.get(text));
    if (a === undefined || b === undefined || id === undefined || seen.has(`${a} ${b}`)) return null;
    seen.add(`${a} ${b}`); // of a pair that is listed twice, the two classes use different places
    pairs.push([a, b, id]);
  }
  return { pattern, tokens: Array.from(tokens), merges: pairs, special };
}

function preTokenizer(pattern: Pattern): unknown {
  if (pattern === "gpt2") return { ...BYTE_LEVEL, use_regex: true };
  const plain = { ...BYTE_LEVEL, use_regex: false };
  if (pattern === "none") return plain;
  // GPT-4's pattern is written as in the files that Hugging Face publishes.
  const regex = pattern === "gpt4" ? GPT4_SPELLINGS[1] : patternSource(pattern);
  const split = { type: "Split", pattern: { Regex: regex }, behavior: "Isolated", invert: false };
  return { type: "Sequence", pretokenizers: [split, plain] };
}

/** Returns the pattern of a pre-tokenizer, or null if it does anything but split by a pattern. */
function patternOf(pre: unknown): Pattern | null {
  if (isByteLevel(pre)) return field(pre, "use_regex") === false ? "none" : "gpt2";
  const parts = field(pre, "pretokenizers");
  if (field(pre, "type") !== "Sequence" || !Array.isArray(parts) || parts.length !== 2) return null;
  const regex = field(field(parts[0], "pattern"), "Regex");
  const splits = field(parts[0], "type") === "Split" && field(parts[0], "behavior") === "Isolated" &&
    field(parts[0], "invert") !== true;
  return splits && typeof regex === "string" && !repeatsCounts(regex) && isByteLevel(parts[1]) &&
      field(parts[1], "use_regex") === false
    ? regex
    : null;
}

function isByteLevel(pre: unknown): boolean {
  return field(pre, "type") === "ByteLevel" && field(pre, "add_prefix_space") === false;
}

/** Returns the value of an object's field, or undefined for anything that is not an object. */
function field(of: unknown, name: string): any {
  return typeof of === "object" && of !== null ? Reflect.get(of, name) : undefined;
}
