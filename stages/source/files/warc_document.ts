/**
 * Turns a record of a web archive into a document, or returns the reason to drop it. The selection of records
 * follows datatrove's reader.
 *
 * @module
 */
import { tryArticle } from "../../format/web/article_text.ts";
import { parseResponse } from "../../format/web/http.ts";
import type { WarcRecord } from "../../format/web/warc.ts";
import type { Document } from "../../items.ts";
import { decodePage } from "./page_charset.ts";

const page = /^(text\/html|application\/xhtml\+xml)\b/i;
const plain = /^text\/plain\b/i;

/** Where a record comes from, and how its page is turned into a document. */
export interface WarcDocumentOptions {
  /** Path of the archive. */
  readonly path: string;
  /** The part of the archive within which records are counted. */
  readonly name: string;
  /** Whether the document holds the page's main text, or the page itself in `html`. */
  readonly pages: "text" | "html";
}

/**
 * Returns the document of a record. `reason` is null if the document can be used; otherwise it is the reason
 * to drop it: `too_long`, `not_a_page`, `broken` or `no_text`.
 */
export function documentFromWarc(
  record: WarcRecord,
  { path, name, pages }: WarcDocumentOptions,
): { readonly doc: Document; readonly reason: string | null } {
  const doc = withoutText(record, { path, name });
  const { html, text, reason } = contentOf(record);
  if (html !== undefined && pages === "html") return { doc: { ...doc, html }, reason: null };
  if (reason !== undefined) return { doc, reason };
  const main = text ?? tryArticle(html ?? "");
  if (main) return { doc: { ...doc, text: main }, reason: null };
  return { doc, reason: main === null ? "broken" : "no_text" };
}

/** Returns the fields of the document that are taken from the record's header. */
function withoutText(
  { fields, number }: WarcRecord,
  { path, name }: { readonly path: string; readonly name: string },
): Document {
  const target = fields.get("warc-target-uri") ?? fields.get("uri");
  const url = target?.replace(/^<(.*)>$/, "$1"); // wget writes the address in angle brackets
  const date = fields.get("warc-date") ?? fields.get("archive-date");
  return {
    id: fields.get("warc-record-id") ?? `${name}:${number}`,
    text: "",
    filePath: path,
    ...(url === undefined ? {} : { url }),
    ...(date === undefined ? {} : { date }),
  };
}

/** Returns the page or the text of a record, or the reason why it has neither. */
function contentOf(
  { type, fields, block }: WarcRecord,
): { readonly html?: string; readonly text?: string; readonly reason?: string } {
  if (block === null) return { reason: "too_long" };
  const identified = fields.get("warc-identified-payload-type");
  if (type === "conversion") {
    if (identified !== undefined && !page.test(identified) && !plain.test(identified)) {
      return { reason: "not_a_page" };
    }
    return { text: new TextDecoder().decode(block).trim() };
  }
  try {
    const response = parseResponse(block);
    if (response === null) return { reason: "not_a_page" };
    const declared = response.fields.get("content-type");
    const mime = identified ?? declared ?? (looksLikePage(response.body) ? "text/html" : "");
    if (!page.test(mime)) return { reason: "not_a_page" };
    const charset = /charset\s*=\s*["']?([\w-]+)/i.exec(declared ?? "")?.[1] ?? null;
    return { html: decodePage(response.body, charset) };
  } catch (error) {
    if (error instanceof RangeError) return { reason: "too_long" };
    throw error;
  }
}

function looksLikePage(body: Uint8Array<ArrayBuffer>): boolean {
  return /<(!doctype html|html|head|body)\b/i.test(new TextDecoder("latin1").decode(body.subarray(0, 1024)));
}
