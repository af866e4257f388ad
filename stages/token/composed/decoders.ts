/**
 * Decoders of `tokenizer.json`: the bytes of each token, and what is changed in a whole text.
 *
 * Source: huggingface/tokenizers, src/decoders.
 *
 * @module
 */
import { charactersToBytes } from "../byte_characters.ts";
import type { JsonField } from "./json_field.ts";
import { prependScheme } from "./pre_tokenizers.ts";
import { textPattern } from "./text_pattern.ts";

/** How tokens become text. */
export interface TextDecoderRules {
  /** Returns the bytes of a token inside a text. */
  readonly bytes: (token: string) => Uint8Array;
  /** Whether each byte of a run of `<0x…>` tokens that is not UTF-8 becomes one U+FFFD. */
  readonly byteFallback: boolean;
  /** Text that is put between tokens in a decoded text; "" for most tokenizers. */
  readonly between: string;
  /** Whether all blanks of a text's first token are removed. */
  readonly firstWithoutBlanks: boolean;
  /** Characters that are removed at the beginning of a text. */
  readonly start: Trim | null;
  /** Characters that are removed at the end of a text. */
  readonly end: Trim | null;
}

/** Removes a text from the beginning or end: at most `count` times. */
export interface Trim {
  readonly text: string;
  readonly count: number;
}

const utf8 = new TextEncoder();
const BYTE = /^<0x([0-9A-Fa-f]{2})>$/;

/**
 * Reads a decoder. `byteLevel` says whether the tokenizer writes bytes as printable characters: a file
 * without decoder is then decoded as ByteLevel does it. Throws SyntaxError with the field for a decoder that
 * is not supported.
 */
export function decoderOf(field: JsonField, byteLevel: boolean): TextDecoderRules {
  const rules: Mutable = {
    rewrites: [],
    byteFallback: false,
    byteLevel: false,
    firstWithoutBlanks: false,
    start: null,
    end: null,
  };
  const parts = flat(field);
  parts.forEach((part, i) => addRules(part, rules, parts.slice(0, i)));
  if (field.isNull) rules.byteLevel = byteLevel;
  const { rewrites, byteFallback } = rules;
  const rewritten = (token: string): string => rewrites.reduce((text, rewrite) => rewrite(text), token);
  return {
    bytes: (token) => {
      const byte = byteFallback ? BYTE.exec(rewritten(token)) : null;
      if (byte !== null) return Uint8Array.of(Number.parseInt(byte[1], 16));
      const text = rewritten(token);
      return rules.byteLevel ? charactersToBytes(text) ?? utf8.encode(text) : utf8.encode(text);
    },
    byteFallback,
    between: field.isNull && !byteLevel ? " " : "",
    firstWithoutBlanks: rules.firstWithoutBlanks,
    start: rules.start,
    end: rules.end,
  };
}

interface Mutable {
  readonly rewrites: ((token: string) => string)[];
  byteFallback: boolean;
  byteLevel: boolean;
  firstWithoutBlanks: boolean;
  start: Trim | null;
  end: Trim | null;
}

function flat(field: JsonField): JsonField[] {
  if (field.isNull) return [];
  if (field.type !== "Sequence") return [field];
  field.only(["decoders"]);
  return field.at("decoders").list().flatMap(flat);
}

function addRules(field: JsonField, rules: Mutable, earlier: readonly JsonField[]): void {
  const fused = earlier.some(({ type }) => type === "Fuse" || type === "ByteLevel");
  switch (field.type) {
    case "ByteLevel":
      field.only(["add_prefix_space", "trim_offsets", "use_regex"]); // they do not change the text
      rules.byteLevel = true;
      return;
    case "ByteFallback":
      field.only([]);
      rules.byteFallback = true;
      return;
    case "Fuse":
      field.only([]);
      return;
    case "Replace": {
      field.only(["pattern", "content"]);
      const matches = textPattern(field.at("pattern")), content = field.at("content").string();
      if (fused) throw field.refuse("not supported after Fuse or ByteLevel");
      rules.rewrites.push((token) => {
        let out = "", last = 0;
        for (const [start, end] of matches(token)) {
          out += token.slice(last, start) + content;
          last = end;
        }
        return out + token.slice(last);
      });
      return;
    }
    case "Strip": {
      field.only(["content", "start", "stop"]);
      const text = field.at("content").string(),
        start = field.at("start").count(),
        end = field.at("stop").count();
      if (fused) {
        if (start > 0) rules.start = { text, count: start };
        if (end > 0) rules.end = { text, count: end };
      } else {
        rules.rewrites.push((token) => trimmed(token, { text, start, end }));
      }
      return;
    }
    case "Metaspace": {
      const scheme = prependScheme(field), mark = field.at("replacement").string();
      if (fused) throw field.refuse("not supported after Fuse or ByteLevel");
      rules.rewrites.push((token) => token.replaceAll(mark, " "));
      rules.firstWithoutBlanks = scheme !== "never";
      return;
    }
    case "BPEDecoder": {
      field.only(["suffix"]);
      const suffix = field.at("suffix").string("</w>");
      if (suffix === "") throw field.at("suffix").refuse("expected a text that is not empty");
      rules.rewrites.push((token) => token.replaceAll(suffix, " "));
      rules.end = { text: " ", count: Infinity };
      return;
    }
    default:
      throw field.at("type").refuse(
        `${
          JSON.stringify(field.type)
        } is not supported: expected ByteLevel, ByteFallback, Fuse, Replace, Strip, ` +
          `Metaspace, BPEDecoder or Sequence`,
      );
  }
}

/** Removes `text` at most `start` times from the beginning and `end` times from the end. */
export function trimmed(
  whole: string,
  { text, start, end }: { readonly text: string; readonly start: number; readonly end: number },
): string {
  let from = 0, to = whole.length;
  if (text === "") return whole;
  for (let i = 0; i < start && whole.startsWith(text, from); i++) from += text.length;
  for (
    let i = 0;
    i < end && to > from && whole.endsWith(text) && whole.startsWith(text, to - text.length);
    i++
  ) {
    to -= text.length;
  }
  return whole.slice(from, Math.max(from, to));
}
