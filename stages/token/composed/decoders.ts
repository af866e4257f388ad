/**
 * Decoders of `tokenizer.json`: steps that rewrite the list of a text's tokens until it is joined to the
 * text, and the bytes of a single token.
 *
 * Source: huggingface/tokenizers, src/decoders.
 *
 * @module
 */
import { charactersToBytes } from "../byte_characters.ts";
import type { JsonField } from "./json_field.ts";
import { prependScheme } from "./pre_tokenizers.ts";
import { textPattern } from "./text_pattern.ts";

/** Rewrites the tokens of a text. */
export type DecodeStep = (tokens: readonly string[]) => readonly string[];

/** How tokens become text. */
export interface TextDecoderRules {
  /** Rewrites the tokens of a text; joined, the result is the text. */
  readonly steps: readonly DecodeStep[];
  /** Returns the bytes of a token inside a text. */
  readonly bytes: (token: string) => Uint8Array;
  /** Whether a text is the bytes of its tokens, and nothing else. */
  readonly onlyBytes: boolean;
  /** Whether the end of a text can be decoded without all that stands before it. */
  readonly endsAlone: boolean;
}

const utf8 = new TextEncoder();
const BYTE = /^<0x([0-9A-Fa-f]{2})>$/;

/**
 * Reads a decoder. `byteLevel` says whether the tokenizer writes bytes as printable characters: a file
 * without decoder is then decoded as ByteLevel does it. Throws SyntaxError with the field for a decoder that
 * is not supported.
 */
export function decoderOf(field: JsonField, byteLevel: boolean): TextDecoderRules {
  const parts = flat(field).map(partOf);
  if (field.isNull) parts.push(byteLevel ? BYTE_LEVEL : { step: (tokens) => [tokens.join(" ")] });
  return {
    steps: parts.map(({ step }) => step),
    bytes: (token) => {
      let text = token;
      for (const { inside, bytes } of parts) {
        const found = bytes?.(text) ?? null;
        if (found !== null) return found;
        text = inside?.(text) ?? text;
      }
      return utf8.encode(text);
    },
    onlyBytes: parts.length === 1 && parts[0] === BYTE_LEVEL,
    endsAlone: parts.every(({ whole }) => whole !== true),
  };
}

/** One decoder: what it does with the tokens of a text, and with a single token inside a text. */
interface DecoderPart {
  readonly step: DecodeStep;
  /** Rewrites a token inside a text. */
  readonly inside?: (token: string) => string;
  /** Returns the bytes that a token stands for, or null if it is text. */
  readonly bytes?: (token: string) => Uint8Array | null;
  /** Whether a token's text depends on more than the tokens beside it. */
  readonly whole?: boolean;
}

function flat(field: JsonField): JsonField[] {
  if (field.isNull) return [];
  if (field.type !== "Sequence") return [field];
  field.only(["decoders"]);
  return field.at("decoders").list().flatMap(flat);
}

const lenient = new TextDecoder("utf-8", { ignoreBOM: true });

const BYTE_LEVEL: DecoderPart = {
  step: (tokens) => {
    const bytes = tokens.map((token) => charactersToBytes(token) ?? utf8.encode(token));
    const all = new Uint8Array(bytes.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of bytes) {
      all.set(part, at);
      at += part.length;
    }
    return [lenient.decode(all)];
  },
  bytes: charactersToBytes,
};

const BYTE_FALLBACK: DecoderPart = { step: withoutByteTokens, bytes: byteOf };

/** Joins runs of `<0x…>`: to the text of their bytes or, if these are not UTF-8, to U+FFFD for each byte. */
function withoutByteTokens(tokens: readonly string[]): string[] {
  const out: string[] = [];
  for (let i = 0; i < tokens.length;) {
    const run: number[] = [];
    for (let byte = byteOf(tokens[i]); byte !== null; byte = i < tokens.length ? byteOf(tokens[i]) : null) {
      run.push(byte[0]);
      i++;
    }
    if (run.length === 0) out.push(tokens[i++]);
    else out.push(utf8Text(Uint8Array.from(run)) ?? "\uFFFD".repeat(run.length));
  }
  return out;
}

function byteOf(token: string): Uint8Array | null {
  const match = BYTE.exec(token);
  return match === null ? null : Uint8Array.of(Number.parseInt(match[1], 16));
}

function utf8Text(bytes: Uint8Array<ArrayBuffer>): string | null {
  try {
    return new TextDecoder("utf-8", { ignoreBOM: true, fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

function partOf(field: JsonField): DecoderPart {
  switch (field.type) {
    case "ByteLevel":
      field.only(["add_prefix_space", "trim_offsets", "use_regex"]); // they do not change the text
      return BYTE_LEVEL;
    case "ByteFallback":
      field.only([]);
      return BYTE_FALLBACK;
    case "Fuse":
      field.only([]);
      return { step: (tokens) => [tokens.join("")] };
    case "Replace":
      return each(replace(field));
    case "Strip": {
      field.only(["content", "start", "stop"]);
      const text = field.at("content").string(),
        start = field.at("start").count(),
        end = field.at("stop").count();
      if ([...text].length !== 1) throw field.at("content").refuse("expected one character");
      const strip = (token: string): string => trimmed(token, { text, start, end });
      return { ...each(strip), whole: start > 1 || end > 0 };
    }
    case "Metaspace": {
      const scheme = prependScheme(field), mark = field.at("replacement").string();
      const inside = (token: string): string => token.replaceAll(mark, " ");
      const first = (token: string): string =>
        scheme === "never" ? inside(token) : token.replaceAll(mark, "");
      return { step: (tokens) => tokens.map((token, i) => i === 0 ? first(token) : inside(token)), inside };
    }
    case "BPEDecoder": {
      field.only(["suffix"]);
      const suffix = field.at("suffix").string("</w>");
      if (suffix === "") throw field.at("suffix").refuse("expected a text that is not empty");
      const inside = (token: string): string => token.replaceAll(suffix, " ");
      return {
        step: (tokens) =>
          tokens.map((token, i) => i < tokens.length - 1 ? inside(token) : token.replaceAll(suffix, "")),
        inside,
      };
    }
    case "WordPiece": {
      field.only(["prefix", "cleanup"]);
      const prefix = field.at("prefix").string("##"), tidy = field.at("cleanup").flag(true) ? tidied : same;
      const inside = (token: string): string =>
        tidy(token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`);
      return { step: (tokens) => tokens.map((token, i) => i === 0 ? tidy(token) : inside(token)), inside };
    }
    case "CTC": {
      field.only(["pad_token", "word_delimiter_token", "cleanup"]);
      const pad = field.at("pad_token").string("<pad>"), cleans = field.at("cleanup").flag(true);
      const delimiter = field.at("word_delimiter_token").string("|");
      const inside = (token: string): string => {
        const text = replaced(token, pad, "");
        return cleans ? replaced(tidied(text), delimiter, " ") : text;
      };
      const step: DecodeStep = (tokens) => tokens.filter((token, i) => token !== tokens[i - 1]).map(inside);
      return { step, inside };
    }
    default:
      throw field.at("type").refuse(
        `${
          JSON.stringify(field.type)
        } is not supported: expected ByteLevel, ByteFallback, Fuse, Replace, Strip, ` +
          `Metaspace, BPEDecoder, WordPiece, CTC or Sequence`,
      );
  }
}

function each(inside: (token: string) => string): DecoderPart {
  return { step: (tokens) => tokens.map(inside), inside };
}

function replace(field: JsonField): (token: string) => string {
  field.only(["pattern", "content"]);
  const matches = textPattern(field.at("pattern")), content = field.at("content").string();
  return (token) => {
    let out = "", last = 0;
    for (const [start, end] of matches(token)) {
      out += token.slice(last, start) + content;
      last = end;
    }
    return out + token.slice(last);
  };
}

const same = (text: string): string => text;

function replaced(text: string, from: string, to: string): string {
  return from === "" ? text : text.replaceAll(from, to);
}

/** What `tidied` replaces, in order. */
const TIDIED = [
  ...[[" .", "."], [" ?", "?"], [" !", "!"], [" ,", ","], [" ' ", "'"], [" n't", "n't"]],
  ...[[" 'm", "'m"], [" do not", " don't"], [" 's", "'s"], [" 've", "'ve"], [" 're", "'re"]],
] as const;

/** Removes blanks that a tokenizer of English words has put before punctuation and contractions. */
function tidied(text: string): string {
  return TIDIED.reduce((out, [from, to]) => out.replaceAll(from, to), text);
}

/** Removes `text` at most `start` times from the beginning and `end` times from the end. */
function trimmed(
  whole: string,
  { text, start, end }: { readonly text: string; readonly start: number; readonly end: number },
): string {
  let from = 0, to = whole.length;
  for (let i = 0; i < start && whole.startsWith(text, from); i++) from += text.length;
  for (let i = 0; i < end && to > from && whole.endsWith(text, to); i++) to -= text.length;
  return whole.slice(from, Math.max(from, to));
}
