/**
 * Special tokens: ids that no merge produces. Their texts are encoded as these ids only if the caller allows
 * it.
 *
 * Source: openai/tiktoken core.py, Encoding.encode. If two special tokens match at the same position,
 * tiktoken does not define which one it takes; here the longer one is taken.
 *
 * @module
 */
import { excerpt } from "../format/text/excerpt.ts";

/**
 * How `encode` treats the text of a special token: as the token, as an error, or as plain text. minbpe's
 * modes correspond to these options: `none_raise` is the default, `all` is `{ allowedSpecial: "all" }`,
 * `none` is `{ disallowedSpecial: [] }`, and a set is `{ allowedSpecial: set, disallowedSpecial: [] }`.
 */
export interface SpecialOptions {
  /** Texts that are encoded as special tokens (default: none). */
  readonly allowedSpecial?: "all" | Iterable<string>;
  /**
   * Texts that cause an error; they need not be special tokens (default: all special tokens that are not
   * allowed).
   */
  readonly disallowedSpecial?: "all" | Iterable<string>;
  /**
   * Whether the special tokens that the tokenizer's file puts before and after a text are added, such as
   * Llama's `<s>` (default false).
   */
  readonly addSpecialTokens?: boolean;
}

/** A text that has a special token which is not allowed there. */
export class DisallowedTokenError extends RangeError {
  /** The token and its place in the text, as part of a sentence. */
  readonly where: string;

  /** `advice` says what to do instead. */
  constructor(where: string, advice: string) {
    super(`Cannot encode ${where}: ${advice}`);
    this.name = "RangeError";
    this.where = where;
  }
}

/** Part of a text: plain text, or the id of a special token. */
export type TextSegment = string | number;

const utf8 = new TextEncoder();

/**
 * Returns the special tokens as whose text an id is decoded: of several with the same id, the first. Files
 * that have one text for each id hold these alone.
 */
export function withoutAliases(ids: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const texts = new Map([...ids].reverse().map(([text, id]) => [id, text]));
  return new Map([...ids].filter(([text, id]) => texts.get(id) === text));
}

/** The special tokens of a vocabulary. */
export class SpecialTokens {
  /** Ids of the special tokens, keyed by text. */
  readonly ids: ReadonlyMap<string, number>;
  readonly #bytes: ReadonlyMap<number, Uint8Array>;
  readonly #anySpecial: RegExp | null;

  /**
   * Several texts may have the same id, as in o200k_harmony: each is encoded as the id, which is decoded as
   * the first of them. Throws TypeError if a text is empty or has a lone surrogate.
   */
  constructor(ids: ReadonlyMap<string, number>) {
    this.ids = new Map(ids);
    this.#bytes = new Map([...ids].reverse().map(([text, id]) => [id, utf8.encode(text)]));
    this.#anySpecial = anyOf([...ids.keys()]);
    for (const text of ids.keys()) {
      if (text === "" || !text.isWellFormed()) {
        throw new TypeError(
          `Cannot make ${
            excerpt(text)
          } a special token: expected text that is not empty and has no lone surrogate`,
        );
      }
    }
  }

  /** Returns the UTF-8 bytes of a special token's text, or undefined if no special token has the id. */
  bytes(id: number): Uint8Array | undefined {
    return this.#bytes.get(id);
  }

  /**
   * Splits a text at the allowed special tokens. Throws RangeError if the text has a disallowed one, or if
   * `allowedSpecial` names a text that is not a special token.
   */
  split(text: string, options: SpecialOptions): TextSegment[] {
    const allowed = this.check(text, options);
    const expression = allowed === null ? this.#anySpecial : anyOf([...allowed]);
    return expression === null ? [text] : this.#splitAt(text, expression);
  }

  /**
   * Returns the allowed special tokens, or null if all are. Throws RangeError if the text has a disallowed
   * one, or if `allowedSpecial` names a text that is not a special token.
   */
  check(
    text: string,
    { allowedSpecial = [], disallowedSpecial = "all" }: SpecialOptions,
  ): ReadonlySet<string> | null {
    const allowed = allowedSpecial === "all" ? null : new Set(asList(allowedSpecial, "allowedSpecial"));
    this.#checkKnown(allowed ?? []);
    this.#refuse(
      text,
      disallowedSpecial === "all"
        ? this.#notIn(allowed)
        : anyOf(asList(disallowedSpecial, "disallowedSpecial")),
    );
    return allowed;
  }

  /**
   * Returns an expression that matches the special tokens that are not in `allowed`. If `allowed` is null,
   * all are allowed.
   */
  #notIn(allowed: ReadonlySet<string> | null): RegExp | null {
    if (allowed === null) return null;
    if (allowed.size === 0) return this.#anySpecial; // the usual case; this expression is made only once
    return anyOf([...this.ids.keys()].filter((name) => !allowed.has(name)));
  }

  #refuse(text: string, disallowed: RegExp | null): void {
    const found = disallowed?.exec(text);
    if (!found) return;
    const { 0: name, index: at } = found;
    throw new DisallowedTokenError(
      `the special token ${name} at index ${at} of the text (${
        excerpt(text.slice(Math.max(0, at - 10), at + name.length + 10))
      })`,
      `to read it as that token, name it in allowedSpecial; to read it as plain text, call encodeOrdinary() ` +
        `or give disallowedSpecial without it`,
    );
  }

  #splitAt(text: string, special: RegExp): TextSegment[] {
    const segments: TextSegment[] = [];
    let last = 0;
    for (const { 0: name, index } of text.matchAll(new RegExp(special, "gu"))) {
      if (index > last) segments.push(text.slice(last, index));
      segments.push(this.ids.get(name) ?? 0);
      last = index + name.length;
    }
    if (last < text.length) segments.push(text.slice(last));
    return segments;
  }

  #checkKnown(names: Iterable<string>): void {
    for (const name of names) {
      if (this.ids.has(name)) continue;
      throw new RangeError(
        `Cannot allow ${excerpt(name)}: it is not one of the special tokens [${namesOf(this.ids)}]`,
      );
    }
  }
}

/** Returns the texts of special tokens for a message: the first twenty, and how many more there are. */
export function namesOf(ids: ReadonlyMap<string, number>): string {
  const names = [...ids.keys()], more = names.length - 20;
  return names.slice(0, 20).map((name) => shortened(name)).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function shortened(name: string): string {
  return name.length > 60 ? `${name.slice(0, 60)}…` : name;
}

/**
 * Throws TypeError for a single string: it is an Iterable of its characters, which the caller never means.
 */
function asList(names: string | Iterable<string>, option: string): string[] {
  if (typeof names !== "string") return [...names];
  throw new TypeError(
    `Cannot use ${option} ${excerpt(names)}: expected "all" or a list of texts: [${excerpt(names)}]`,
  );
}

/** Returns an expression that matches any of the texts, the longest first, or null if there are none. */
function anyOf(names: readonly string[]): RegExp | null {
  const texts = names.filter((name) => name !== "").sort((a, b) => b.length - a.length);
  if (texts.length === 0) return null;
  const source = texts.map((text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("|");
  return new RegExp(source, "u"); // without `g`, so that one search does not change where the next begins
}
