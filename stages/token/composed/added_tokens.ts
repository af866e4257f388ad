/**
 * Added tokens of `tokenizer.json`: texts that are found before the model sees a text. Special ones are used
 * only where the caller allows it; others, such as runs of blanks, in every text.
 *
 * Source: huggingface/tokenizers, src/tokenizer/added_vocabulary.rs.
 *
 * @module
 */
import { excerpt } from "../../format/text/excerpt.ts";
import { MAX_IDS } from "../files/gpt2_files.ts";
import { escapedClasses, isRustWord } from "../regexp/char_set.ts";
import type { JsonField } from "./json_field.ts";
import type { Normalizer } from "./normalizers.ts";

/** An added token. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Whether it is found only where no word character stands beside it. */
  readonly singleWord: boolean;
  /** Whether it takes the white space before it. */
  readonly lstrip: boolean;
  /** Whether it takes the white space after it. */
  readonly rstrip: boolean;
  /** Whether it is searched for in the normalized text. */
  readonly normalized: boolean;
  readonly special: boolean;
}

/** Reads the list of added tokens. Throws SyntaxError with the field. */
export function addedTokensOf(field: JsonField, vocab: ReadonlyMap<string, number>): AddedToken[] {
  if (field.isNull) return [];
  const ids = new Map<number, string>(), contents = new Set<string>();
  const names = new Map([...vocab].map(([text, id]) => [id, text]));
  return field.list().map((entry) => {
    entry.only(["id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"]);
    const special = entry.at("special").flag(true);
    const token: AddedToken = {
      id: entry.at("id").count(),
      content: entry.at("content").string(),
      singleWord: entry.at("single_word").flag(false),
      lstrip: entry.at("lstrip").flag(false),
      rstrip: entry.at("rstrip").flag(false),
      normalized: entry.at("normalized").flag(!special),
      special,
    };
    const { id, content } = token, own = vocab.get(content), other = names.get(id) ?? ids.get(id);
    if (id >= MAX_IDS) throw entry.at("id").refuse(`expected a whole number below ${MAX_IDS}, found ${id}`);
    if (content === "" || contents.has(content)) {
      throw entry.at("content").refuse(`expected a text that is not empty and not listed before`);
    }
    if (own !== undefined && own !== id) {
      throw entry.at("id").refuse(`${excerpt(content)} has id ${own} in model.vocab, found ${id}`);
    }
    if (other !== undefined && other !== content) {
      throw entry.at("id").refuse(`id ${id} is that of ${excerpt(other)}`);
    }
    ids.set(id, content);
    contents.add(content);
    return token;
  });
}

/** Part of a text: plain text with its place, or an added token. */
export type Segment = { readonly text: string; readonly start: number } | AddedToken;

/** Splits texts at added tokens. */
export class AddedTokens {
  readonly #plain: Finder | null;
  readonly #normalized: Finder | null;
  readonly #normalize: Normalizer | null;

  /** `normalize` is applied to the text between tokens, and to tokens that are found in normalized text. */
  constructor(tokens: readonly AddedToken[], normalize: Normalizer | null) {
    this.#normalize = normalize;
    this.#plain = finder(tokens.filter(({ normalized }) => !normalized), (text) => text);
    this.#normalized = finder(tokens.filter(({ normalized }) => normalized), normalize ?? ((text) => text));
  }

  /**
   * Splits a text into tokens and normalized texts, of which none is empty. `allows` says which special
   * tokens are used.
   */
  split(text: string, allows: (token: AddedToken) => boolean): Segment[] {
    const out: Segment[] = [];
    for (const part of found(text, { finder: this.#plain, allows, offset: 0 })) {
      if ("id" in part) {
        out.push(part);
        continue;
      }
      const whole = this.#normalize === null ? part.text : this.#normalize(part.text);
      out.push(...found(whole, { finder: this.#normalized, allows, offset: part.start }));
    }
    return out;
  }
}

interface Finder {
  readonly expression: RegExp;
  readonly tokens: ReadonlyMap<string, AddedToken>;
}

function finder(tokens: readonly AddedToken[], rewrite: Normalizer): Finder | null {
  const byText = new Map<string, AddedToken>();
  for (const token of tokens) {
    const text = rewrite(token.content);
    if (text !== "" && !byText.has(text)) byText.set(text, token);
  }
  if (byText.size === 0) return null;
  // The longest of several matches counts.
  const texts = [...byText.keys()].sort((a, b) => b.length - a.length);
  const source = texts.map((text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("|");
  return { expression: new RegExp(source, "gu"), tokens: byText };
}

function* found(
  text: string,
  { finder, allows, offset }: {
    readonly finder: Finder | null;
    readonly allows: (token: AddedToken) => boolean;
    readonly offset: number;
  },
): Iterable<Segment> {
  let last = 0;
  if (finder !== null) {
    for (const { 0: match, index } of text.matchAll(finder.expression)) {
      const token = finder.tokens.get(match);
      if (token === undefined || token.special && !allows(token)) continue;
      const end = index + match.length;
      if (token.singleWord && (wordBefore(text, index) || wordAt(text, end))) continue;
      // White space that the token before took is not taken again.
      const start = token.lstrip ? Math.max(spaceStart(text, index), last) : index;
      if (last < start) yield { text: text.slice(last, start), start: offset + last };
      yield token;
      last = token.rstrip ? spaceEnd(text, end) : end;
    }
  }
  if (last < text.length) yield { text: text.slice(last), start: offset + last };
}

function wordAt(text: string, index: number): boolean {
  return index < text.length && isRustWord(text.codePointAt(index) ?? 0);
}

function wordBefore(text: string, index: number): boolean {
  if (index === 0) return false;
  const low = (text.charCodeAt(index - 1) & 0xFC00) === 0xDC00;
  return wordAt(text, low && index > 1 ? index - 2 : index - 1);
}

function spaceStart(text: string, index: number): number {
  let start = index;
  while (start > 0 && escapedClasses.s(text.charCodeAt(start - 1))) start--;
  return start;
}

function spaceEnd(text: string, index: number): number {
  let end = index;
  while (end < text.length && escapedClasses.s(text.charCodeAt(end))) end++;
  return end;
}
