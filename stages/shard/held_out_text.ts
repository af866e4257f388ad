/**
 * Chooses which documents are held out for validation. The choice depends on the texts alone, so it is the
 * same for every order of the documents, file name, seed, tokenizer and model.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { utf8Length } from "../format/text/utf8_length.ts";
import type { Document } from "../items.ts";

/** How much text is held out: a share of it, and at most a number of bytes. */
export interface HeldOutSize {
  /** Share of the text in bytes, above 0 and at most 0.5. */
  readonly share: number;
  /** Maximum number of UTF-8 bytes. */
  readonly bytes: number;
}

/**
 * Up to this number of bytes, the held-out text is chosen among all documents of a source, after the filters.
 */
export const SMALL = 1 << 21;

/** Throws RangeError for a size out of range. */
export function checkSize({ share, bytes }: HeldOutSize): void {
  if (share > 0 && share <= 0.5 && Number.isSafeInteger(bytes) && bytes >= 1) return;
  throw new RangeError(
    `Cannot hold out ${share} of the text, at most ${bytes} bytes: expected a share above 0 and at most 0.5, ` +
      `and a whole number of at least 1`,
  );
}

/** Number of UTF-8 bytes of a document's text, or of its HTML page before extraction. */
export function documentBytes({ text, html }: Document): number {
  return utf8Length(html ?? text);
}

/**
 * Position of a document in the order in which documents are held out: 53 bits of a hash of its text (or of
 * its HTML page), as a hexadecimal number. Equal texts have equal positions.
 *
 * Source: cyrb53 by bryc (public domain).
 */
export function holdOutKey({ text, html = text }: Document): string {
  let a = 0xDEADBEEF, b = 0x41C6CE57;
  for (let i = 0; i < html.length; i++) {
    const unit = html.charCodeAt(i);
    a = Math.imul(a ^ unit, 2654435761);
    b = Math.imul(b ^ unit, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return ((b & 0x1FFFFF) * 2 ** 32 + (a >>> 0)).toString(16).padStart(14, "0");
}

/** Documents in the order in which they are held out. */
export function inHoldOutOrder(docs: readonly Document[]): Document[] {
  return docs.map((doc) => ({ doc, key: holdOutKey(doc) }))
    .sort((a, b) => a.key < b.key ? -1 : a.key > b.key ? 1 : 0)
    .map(({ doc }) => doc);
}

/** Documents that are held out, and the others in their old order. */
export type Choice = Readonly<{ held: readonly Document[]; rest: readonly Document[] }>;

/**
 * Holds out the share of these documents that `size` asks for, within a tenth of it. If whole documents do
 * not come that close, the end of one is cut off: at the end of a paragraph, line or sentence, or between
 * words.
 */
export function chooseHeldOut(docs: readonly Document[], size: HeldOutSize): Choice {
  const total = docs.reduce((sum, doc) => sum + documentBytes(doc), 0);
  const target = Math.min(size.bytes, Math.max(1, Math.floor(size.share * total)));
  const held: Document[] = [], taken = new Map<Document, Document | null>();
  let bytes = 0;
  for (const doc of inHoldOutOrder(docs)) {
    if (bytes >= 0.9 * target) break;
    const own = documentBytes(doc);
    if (bytes + own <= target) {
      held.push(doc);
      taken.set(doc, null);
      bytes += own;
      continue;
    }
    const at = cutBefore(doc.text, target - bytes);
    if (at <= 0) continue; // the text is a single character
    held.push({ ...doc, id: `${doc.id}#held-out`, text: doc.text.slice(at) });
    taken.set(doc, { ...doc, text: doc.text.slice(0, at) });
    break;
  }
  return { held, rest: docs.flatMap((doc) => taken.has(doc) ? taken.get(doc) ?? [] : doc) };
}

/**
 * Index in a text that leaves about `bytes` UTF-8 bytes after it and is not inside a character. The best
 * boundary within a quarter of `bytes` is taken: a paragraph, else a line, a sentence, a word, a character.
 */
export function cutBefore(text: string, bytes: number): number {
  const exact = indexFromEnd(text, bytes);
  const first = indexFromEnd(text, 1.25 * bytes), last = indexFromEnd(text, 0.75 * bytes);
  const near = text.slice(first, last);
  for (const boundary of [/\n[^\S\n]*\n\s*/g, /\n/g, /[.!?]["'”’)]*\s+|[。！？।]/gu, /\s+/g]) {
    const ends = [...near.matchAll(boundary)].map((found) => first + found.index + found[0].length);
    const inside = ends.filter((end) => end > 0 && end < text.length);
    if (inside.length > 0) {
      return inside.reduce((a, b) => Math.abs(b - exact) < Math.abs(a - exact) ? b : a);
    }
  }
  return exact;
}

/** Index of the first character of the last `bytes` UTF-8 bytes, which is at least one character. */
function indexFromEnd(text: string, bytes: number): number {
  let at = text.length, left = bytes;
  while (at > 0) {
    const unit = text.charCodeAt(at - 1);
    const pair = (unit & 0xFC00) === 0xDC00 && at > 1 && (text.charCodeAt(at - 2) & 0xFC00) === 0xD800;
    left -= pair ? 4 : unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3;
    if (left < 0 && at < text.length) break;
    at -= pair ? 2 : 1;
  }
  return at;
}

/**
 * SHA-256 of the held-out text so far, `before`, and of the next document's text; "" if there is none yet.
 */
export function nextDigest(before: string, text: string): string {
  return createHash("sha256").update(before).update("\0").update(text).digest("hex");
}
