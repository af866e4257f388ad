/**
 * Reads and writes `tokenizer.json`, Hugging Face's format, for byte-level BPE.
 *
 * @module
 */
import { excerpt } from "../../format/text/excerpt.ts";
import type { BpeTokenizer } from "../bpe.ts";
import { bytesToCharacters } from "../byte_characters.ts";
import { tokenizerFromTexts, vocabularyJson, vocabularyOf } from "./gpt2_files.ts";
import { GPT4_SPELLINGS, type Pattern, patternSource } from "../split/patterns.ts";

const BYTE_LEVEL = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true };

/** The content of `tokenizer.json`. */
export function huggingFaceJson(tokenizer: BpeTokenizer): string {
  const shown = tokenizer.tokens.map((bytes) => bytes === undefined ? "" : bytesToCharacters(bytes));
  return JSON.stringify({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [...tokenizer.special].map(([content, id]) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
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

/** Reads a `tokenizer.json`. Throws SyntaxError with the file, the field and the reason. */
export function parseHuggingFaceJson(text: string, file: string): BpeTokenizer {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError(`Cannot read ${file}: not JSON: ${String(cause)}`, { cause });
  }
  const refuse = (field: string, why: string): SyntaxError =>
    new SyntaxError(`Cannot read ${file}: ${field}: ${why}`);
  const model = field(root, "model");
  if (field(model, "type") !== "BPE") {
    throw refuse("model.type", `expected "BPE", found ${excerpt(field(model, "type"))}`);
  }
  const unsupported = ["normalizer"].find((name) => field(root, name) != null) ??
    ["dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback"]
      .find((name) => field(model, name));
  if (unsupported !== undefined) {
    throw refuse(unsupported, "not supported: only plain byte-level BPE is read");
  }
  const pattern = patternOf(field(root, "pre_tokenizer"));
  if (pattern === null) {
    throw refuse(
      "pre_tokenizer",
      "expected ByteLevel without prefix space, or Split by an expression and ByteLevel",
    );
  }
  const vocab = vocabularyOf(field(model, "vocab"), `${file}: model.vocab`);
  const special = new Map<string, number>();
  asList(field(root, "added_tokens") ?? [], () => refuse("added_tokens", "expected a list")).forEach(
    (added, i) => {
      const content = field(added, "content"), id = field(added, "id");
      if (typeof content !== "string" || typeof id !== "number" || !Number.isSafeInteger(id) || id < 0) {
        throw refuse(`added_tokens[${i}]`, "expected content and id");
      }
      special.set(content, id);
    },
  );
  const merges = asList(field(model, "merges"), () => refuse("model.merges", "expected a list"));
  const pairs = merges.map((entry, i) => {
    const parts: unknown[] = typeof entry === "string" ? entry.split(" ") : Array.isArray(entry) ? entry : [];
    const [left, right] = parts;
    if (parts.length !== 2 || typeof left !== "string" || typeof right !== "string") {
      throw refuse(`model.merges[${i}]`, `expected two tokens, found ${excerpt(entry)}`);
    }
    return { pair: [left, right] as const, where: `${file}: model.merges[${i}]` };
  });
  return tokenizerFromTexts({ vocab, pairs, special, pattern, name: file });
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

/** Returns the pattern of a pre-tokenizer, or null for a type that this program does not support. */
function patternOf(pre: unknown): Pattern | null {
  if (isByteLevel(pre)) return field(pre, "use_regex") === false ? "none" : "gpt2";
  const parts = field(pre, "pretokenizers");
  if (field(pre, "type") !== "Sequence" || !Array.isArray(parts) || parts.length !== 2) return null;
  const regex = field(field(parts[0], "pattern"), "Regex");
  const splits = field(parts[0], "type") === "Split" && field(parts[0], "behavior") === "Isolated" &&
    field(parts[0], "invert") !== true;
  return splits && typeof regex === "string" && isByteLevel(parts[1]) &&
      field(parts[1], "use_regex") === false
    ? regex
    : null;
}

function isByteLevel(pre: unknown): boolean {
  return field(pre, "type") === "ByteLevel" && field(pre, "add_prefix_space") === false;
}

/** Returns the value of an object's field, or undefined for anything that is not an object. */
function field(of: unknown, name: string): unknown {
  return typeof of === "object" && of !== null ? Reflect.get(of, name) : undefined;
}

function asList(value: unknown, error: () => SyntaxError): unknown[] {
  if (!Array.isArray(value)) throw error();
  return value;
}
