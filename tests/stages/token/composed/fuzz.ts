/**
 * Compares ids and decoded texts with Hugging Face's library on random texts.
 *
 * @module
 */
import { Tokenizer as HuggingFace } from "@huggingface/tokenizers";
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { uniformAt } from "../../../../kernels/random/philox.ts";
import { parseHuggingFaceJson } from "../../../../stages/token/files/hugging_face.ts";
import { randomText } from "../random_text.ts";

const WORDS = [
  ..."the| the| night|Night's| we're|12345| 3.14|\n\n|    |  |\t|\r\n|你好|안녕|café|cafe\u0301|naïve|()| {|//|<|>"
    .split("|"),
  ..."é|Å|ﬁ|…|—|“|İ|\u{1F468}\u200D\u{1F469}|µ|ー|。|，|！| don't|I'LL|_x|x_1|٣|Ⅷ|½".split("|"),
];

/**
 * Returns a random text that may have the texts of added tokens.
 *
 * Characters on which the npm library and the Rust library differ are left out: JavaScript's `\s` has U+FEFF
 * and lacks U+0085, ſ after an apostrophe equals `s` only where case is folded by Unicode's rules, and the
 * npm library's Digits are ASCII's.
 */
export function textFor(trial: number, added: readonly string[]): string {
  const count = Math.floor(uniformAt(31, "parts", trial) * 12);
  const parts = Array.from({ length: count }, (_, i) => {
    const kind = uniformAt(31, `kind ${trial}`, i), at = uniformAt(31, `at ${trial}`, i);
    if (kind < 0.25 && added.length > 0) return added[Math.floor(at * added.length)];
    if (kind < 0.8) return WORDS[Math.floor(at * WORDS.length)];
    return randomText(trial * 16 + i);
  });
  return parts.join("").replace(/[\u0085\uFEFF\u017F\0]|(?![0-9])\p{N}/gu, "");
}

/** A random text of characters that all versions of Unicode treat alike. */
export function stableText(trial: number, added: readonly string[]): string {
  const scripts =
    "\\0-\u024F\u0300-\u036F\u2010-\u2027\u3000-\u303F\u4E00-\u9FA5\uAC00-\uD7A3\uFB00-\uFB06\uFF01-\uFF5E";
  return textFor(trial, added).replace(new RegExp(`[^${scripts}]`, "gu"), "");
}

/** How many texts were compared. */
export interface FuzzCount {
  readonly texts: number;
  readonly ids: number;
}

/**
 * Compares a tokenizer with Hugging Face's library on texts `from` to `to`. Throws AssertionError where they
 * differ.
 */
export function compareWithHuggingFace(
  json: any,
  { from, to, name }: { readonly from: number; readonly to: number; readonly name: string },
): FuzzCount {
  const own = parseHuggingFaceJson(JSON.stringify(json), `${name}.json`), other = new HuggingFace(json, {});
  const added: string[] = json.added_tokens.map(({ content }: { content: string }) => content);
  let ids = 0;
  for (let trial = from; trial < to; trial++) {
    const text = textFor(trial, added), where = `${name}, text ${trial}: ${JSON.stringify(text)}`;
    const got = own.encode(text, { allowedSpecial: "all" });
    deepStrictEqual([...got], other.encode(text, { add_special_tokens: false }).ids, where);
    deepStrictEqual(
      [...own.encode(text, { allowedSpecial: "all", addSpecialTokens: true })],
      other.encode(text, { add_special_tokens: true }).ids,
      where,
    );
    const plain = text.replace(/<[^>]*>/g, "");
    deepStrictEqual(
      [...own.encodeOrdinary(plain)],
      other.encode(plain, { add_special_tokens: false }).ids,
      where,
    );
    if (got.length > 0) {
      strictEqual(own.decode(got), other.decode([...got], { clean_up_tokenization_spaces: false }), where);
    }
    ids += got.length;
  }
  return { texts: to - from, ids };
}
