/**
 * A page that cuts text into tokens as it is typed: the vocabulary is in it, so it opens from disk and makes no request.
 *
 * @module
 */
import { baseStyle } from "../../../stages/report/base_style.ts";
import { jsonInHtml } from "../../../stages/report/json_in_html.ts";
import { BpeTokenizer } from "../../../stages/token/bpe.ts";
import { CharTokenizer } from "../../../stages/token/char.ts";
import { patternRegExp } from "../../../stages/token/split/patterns.ts";
import type { Tokenizer } from "../../../stages/token/tokenizer.ts";
import type { Compression } from "./compression.ts";

/** What the page is made from. */
export interface TokenPageInput {
  /** What the tokenizer is called. */
  readonly name: string;
  readonly tokenizer: Tokenizer;
  /** The text to begin with. */
  readonly text: string;
  readonly compression: Compression;
}

/** The page's text. Throws TypeError for a tokenizer that is neither of byte pairs nor of characters. */
export async function tokenPage({ name, tokenizer, text, compression }: TokenPageInput): Promise<string> {
  const own = (file: string) => Deno.readTextFile(new URL(file, import.meta.url));
  const [page, script, style] = await Promise.all([
    own("token_page.html"),
    own("token_page.js"),
    baseStyle(),
  ]);
  const parts: Readonly<Record<string, string>> = {
    vocabulary: jsonInHtml({
      name,
      text,
      vocabSize: tokenizer.vocabSize,
      special: [...tokenizer.special],
      compression,
      ...vocabulary(tokenizer),
    }),
    script,
    style,
  };
  return page.replace(/\/\*\{(\w+)\}\*\//g, (mark, name: string) => parts[name] ?? mark);
}

/** What text is cut with: a pattern, an id for each byte and merges in order (three numbers each); or characters. */
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
