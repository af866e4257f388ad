/**
 * Normalizers of `tokenizer.json`: they rewrite a text before it is split.
 *
 * Source: huggingface/tokenizers, src/normalizers.
 *
 * @module
 */
import { bytesToCharacters } from "../byte_characters.ts";
import type { JsonField } from "./json_field.ts";
import { matchesEmpty, textPattern } from "./text_pattern.ts";

/** Rewrites a text. */
export type Normalizer = (text: string) => string;

const utf8 = new TextEncoder();

/** Reads a normalizer. Throws SyntaxError with the field for one that is not supported. */
export function normalizerOf(field: JsonField): Normalizer {
  switch (field.type) {
    case "NFC":
    case "NFD":
    case "NFKC":
    case "NFKD": {
      field.only([]);
      const form = field.type;
      return (text) => text.normalize(form);
    }
    case "Lowercase":
      field.only([]);
      return lowercase;
    case "StripAccents":
      field.only([]);
      return (text) => text.replace(/\p{M}/gu, "");
    case "Strip":
      return strip(field);
    case "Prepend": {
      field.only(["prepend"]);
      const prefix = field.at("prepend").string();
      return (text) => text === "" ? text : prefix + text;
    }
    case "Replace":
      return replace(field);
    case "ByteLevel":
      field.only([]);
      return (text) => bytesToCharacters(utf8.encode(text));
    case "BertNormalizer":
      return bert(field);
    case "Sequence": {
      field.only(["normalizers"]);
      const parts = field.at("normalizers").list().map(normalizerOf);
      return (text) => parts.reduce((out, part) => part(out), text);
    }
    default:
      throw field.at("type").refuse(
        `${JSON.stringify(field.type)} is not supported: expected NFC, NFD, NFKC, NFKD, Lowercase, ` +
          `StripAccents, Strip, Prepend, Replace, ByteLevel, BertNormalizer or Sequence`,
      );
  }
}

/** Maps each character alone, as Rust's `char::to_lowercase` does: no final sigma. */
function lowercase(text: string): string {
  return text.replace(/[^]/gu, (character) => character.toLowerCase());
}

function strip(field: JsonField): Normalizer {
  field.only(["strip_left", "strip_right"]);
  const left = field.at("strip_left").flag(), right = field.at("strip_right").flag();
  return (text) => {
    const start = left ? text.replace(/^\p{White_Space}+/u, "") : text;
    return right ? trimEnd(start) : start;
  };
}

/** Removes white space at the end in linear time, which a regular expression may not need. */
function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && /\p{White_Space}/u.test(text[end - 1])) end--;
  return text.slice(0, end);
}

function replace(field: JsonField): Normalizer {
  field.only(["pattern", "content"]);
  const matches = textPattern(field.at("pattern")), content = field.at("content").string();
  if (matchesEmpty(field.at("pattern"))) {
    throw field.at("pattern").refuse(
      "not supported, because it can match the empty text: Hugging Face's library fails on it, or drops text",
    );
  }
  return (text) => {
    let out = "", last = 0;
    for (const [start, end] of matches(text)) {
      out += text.slice(last, start) + content;
      last = end;
    }
    return out + text.slice(last);
  };
}

const CHINESE =
  /[\u4E00-\u9FFF\u3400-\u4DBF\u{20000}-\u{2A6DF}\u{2A700}-\u{2B73F}\u{2B740}-\u{2B81F}\u{2B920}-\u{2CEAF}\uF900-\uFAFF\u{2F800}-\u{2FA1F}]/gu;

function bert(field: JsonField): Normalizer {
  field.only(["clean_text", "handle_chinese_chars", "strip_accents", "lowercase"]);
  const steps: Normalizer[] = [];
  if (field.at("clean_text").flag(true)) {
    steps.push((text) =>
      text.replace(/[\0\uFFFD]|(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu, "").replace(
        /\p{White_Space}/gu,
        " ",
      )
    );
  }
  if (field.at("handle_chinese_chars").flag(true)) {
    steps.push((text) => text.replace(CHINESE, " $& "));
  }
  const lower = field.at("lowercase").flag(true);
  if (field.at("strip_accents").flag(lower)) {
    steps.push((text) => text.normalize("NFD").replace(/\p{Mn}/gu, ""));
  }
  if (lower) steps.push(lowercase);
  return (text) => steps.reduce((out, step) => step(out), text);
}
