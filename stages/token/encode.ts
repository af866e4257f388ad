/**
 * The stage that turns documents into token ids.
 *
 * @module
 */
import { map, type Stage } from "../flow/stage.ts";
import type { Document, Tokens } from "../items.ts";
import { endOfText } from "./end_of_text.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** How documents become tokens. */
export interface EncodeOptions {
  /** Whether `<|endoftext|>` stands before each document. Default true, as in llm.c's and FineWeb's shards. */
  readonly separator?: boolean;
}

/**
 * Document → its token ids, `<|endoftext|>` first; `bytes` is the UTF-8 length of its text. Special tokens' texts in a
 * document are plain text. Throws TypeError if the tokenizer has no `<|endoftext|>`.
 */
export function encode(tokenizer: Tokenizer, options: EncodeOptions = {}): Stage<Document, Tokens> {
  const before = options.separator ?? true ? endOfText(tokenizer) : null;
  return map("encode", ({ id, text }) => {
    const plain = tokenizer.encodeOrdinary(text);
    if (before === null) return { id, ids: plain, bytes: utf8Length(text) };
    const ids = new Uint32Array(plain.length + 1);
    ids[0] = before;
    ids.set(plain, 1);
    return { id, ids, bytes: utf8Length(text) };
  });
}

/** UTF-8 bytes of a text; a lone surrogate counts as U+FFFD, three. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    bytes += unit < 0x800 ? 1 : 2;
    const pair = (unit & 0xFC00) === 0xD800 && (text.charCodeAt(i + 1) & 0xFC00) === 0xDC00;
    if (pair) i++; // four bytes for its two units
  }
  return bytes;
}
