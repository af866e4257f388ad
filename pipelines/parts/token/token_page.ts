/**
 * A page that shows the tokens of a text while it is typed. It contains the vocabulary, so it opens from disk
 * and needs no network.
 *
 * @module
 */
import style from "../../../stages/report/base.css" with { type: "text" };
import { jsonInHtml } from "../../../stages/report/json_in_html.ts";
import { pageFrom } from "../../../stages/report/page_policy.ts";
import { BpeTokenizer } from "../../../stages/token/bpe.ts";
import { CharTokenizer } from "../../../stages/token/char.ts";
import { patternRegExp } from "../../../stages/token/split/patterns.ts";
import type { Tokenizer } from "../../../stages/token/tokenizer.ts";
import type { Compression } from "./compression.ts";
import page from "./token_page.html" with { type: "text" };
import script from "./token_page.js" with { type: "text" };

/** The data of the page. */
export interface TokenPageInput {
  /** Name of the tokenizer. */
  readonly name: string;
  readonly tokenizer: Tokenizer;
  /** Text that the page shows first. */
  readonly text: string;
  /** The table below the tokens. */
  readonly compression: Compression;
}

/** The page's HTML. Throws TypeError unless the tokenizer is a BpeTokenizer or a CharTokenizer. */
export function tokenPage({ name, tokenizer, text, compression }: TokenPageInput): string {
  const data = jsonInHtml({
    name,
    text,
    vocabSize: tokenizer.vocabSize,
    special: [...tokenizer.special],
    compression,
    ...vocabulary(tokenizer),
  });
  return pageFrom(page, { parts: { script, style }, data: { vocabulary: data } });
}

/**
 * Returns the data that the page needs to encode text: a pattern, the id of each byte, and the merges in
 * order (three numbers each); or the characters of a character tokenizer.
 */
function vocabulary(tokenizer: Tokenizer): Readonly<Record<string, unknown>> {
  if (tokenizer instanceof CharTokenizer) {
    return { characters: tokenizer.characters, bytes: [], merges: [], pattern: "" };
  }
  if (!(tokenizer instanceof BpeTokenizer)) {
    throw new TypeError("Cannot show this tokenizer on a page: expected a BpeTokenizer or a CharTokenizer");
  }
  return {
    pattern: patternRegExp(tokenizer.pattern).source,
    bytes: [...tokenizer.byteIds],
    merges: tokenizer.merges.flat(),
  };
}
