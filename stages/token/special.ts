/**
 * Special tokens: ids that no merge makes, put into text by their names where the caller allows it.
 *
 * Source: openai/tiktoken core.py, Encoding.encode. There, which of two special tokens that begin at one place is taken
 * is left to chance; here it is the longer.
 *
 * @module
 */
import { excerpt } from "../format/text/excerpt.ts";

/**
 * Which special tokens' texts are read as tokens, and which are refused; others are plain text. minbpe's modes:
 * `none_raise` is the default, `all` is `{ allowedSpecial: "all" }`, `none` is `{ disallowedSpecial: [] }`, and a set
 * is `{ allowedSpecial: set, disallowedSpecial: [] }`.
 */
export interface SpecialOptions {
  /** Default none. */
  readonly allowedSpecial?: "all" | Iterable<string>;
  /** Default all that are not allowed. Any texts may be given. */
  readonly disallowedSpecial?: "all" | Iterable<string>;
}

/** A piece of a text: plain, or a special token's id. */
export type TextSegment = string | number;

const utf8 = new TextEncoder();

/** The special tokens of a vocabulary. */
export class SpecialTokens {
  /** Ids by text. */
  readonly ids: ReadonlyMap<string, number>;
  readonly #bytes: ReadonlyMap<number, Uint8Array>;
  readonly #any: RegExp | null;

  /** Throws TypeError for a text that is empty or has a lone surrogate, and for an id that is given twice. */
  constructor(ids: ReadonlyMap<string, number>) {
    this.ids = new Map(ids);
    this.#bytes = new Map([...ids].map(([text, id]) => [id, utf8.encode(text)]));
    this.#any = expressionOf([...ids.keys()]);
    for (const text of ids.keys()) {
      if (text === "" || !text.isWellFormed()) {
        throw new TypeError(
          `Cannot make ${excerpt(text)} a special token: expected text, well-formed and not empty`,
        );
      }
    }
    if (this.#bytes.size < ids.size) {
      throw new TypeError(
        `Cannot make special tokens of [${[...ids].join("; ")}]: two have one id: give each its own`,
      );
    }
  }

  /** UTF-8 of a special token's text; undefined if the id is none's. */
  bytes(id: number): Uint8Array | undefined {
    return this.#bytes.get(id);
  }

  /**
   * A text cut at the allowed special tokens; of those that begin at one place the longest is taken. Throws RangeError
   * for a disallowed one, and for an allowed one that is not special.
   */
  split(text: string, { allowedSpecial = [], disallowedSpecial = "all" }: SpecialOptions): TextSegment[] {
    const allowed = allowedSpecial === "all" ? null : new Set(asList(allowedSpecial, "allowedSpecial"));
    this.#checkKnown(allowed ?? []);
    this.#refuse(
      text,
      disallowedSpecial === "all"
        ? this.#except(allowed)
        : expressionOf(asList(disallowedSpecial, "disallowedSpecial")),
    );
    const wanted = allowed === null ? this.#any : expressionOf([...allowed]);
    return wanted === null ? [text] : this.#cut(text, wanted);
  }

  /** All that are not allowed. */
  #except(allowed: ReadonlySet<string> | null): RegExp | null {
    if (allowed === null) return null;
    if (allowed.size === 0) return this.#any; // the usual case: made once
    return expressionOf([...this.ids.keys()].filter((name) => !allowed.has(name)));
  }

  #refuse(text: string, disallowed: RegExp | null): void {
    const found = disallowed?.exec(text);
    if (!found) return;
    const { 0: name, index: at } = found;
    throw new RangeError(
      `Cannot encode the special token ${name} at index ${at} of the text (${
        excerpt(text.slice(Math.max(0, at - 10), at + name.length + 10))
      }): to read it as that token, name it in allowedSpecial; to read it as plain text, call encodeOrdinary() ` +
        `or give disallowedSpecial without it`,
    );
  }

  #cut(text: string, wanted: RegExp): TextSegment[] {
    const pieces: TextSegment[] = [];
    let last = 0;
    for (const { 0: name, index } of text.matchAll(new RegExp(wanted, "gu"))) {
      if (index > last) pieces.push(text.slice(last, index));
      pieces.push(this.ids.get(name) ?? 0);
      last = index + name.length;
    }
    if (last < text.length) pieces.push(text.slice(last));
    return pieces;
  }

  #checkKnown(names: Iterable<string>): void {
    for (const name of names) {
      if (this.ids.has(name)) continue;
      throw new RangeError(
        `Cannot allow ${excerpt(name)}: it is not among the special tokens [${
          [...this.ids.keys()].join(", ")
        }]`,
      );
    }
  }
}

/** A string is an Iterable of its characters, which nobody means here. */
function asList(names: string | Iterable<string>, option: string): string[] {
  if (typeof names !== "string") return [...names];
  throw new TypeError(
    `Cannot use ${option} ${excerpt(names)}: expected "all" or a list of texts: [${excerpt(names)}]`,
  );
}

/** Any of some texts, the longest first; null if there are none. */
function expressionOf(names: readonly string[]): RegExp | null {
  const texts = names.filter((name) => name !== "").sort((a, b) => b.length - a.length);
  if (texts.length === 0) return null;
  return new RegExp(texts.map((text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("|"), "u"); // not g: that remembers
}
