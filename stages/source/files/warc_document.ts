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
import { isBinaryText } from "../../format/web/binary_text.ts";
import { decodePage } from "../../format/web/charset/decode_page.ts";
import { charsetInType } from "../../format/web/charset/prescan.ts";

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
  /** Whether pages of responses with a status other than 2xx are kept, such as "Not Found". */
  readonly httpErrors: "keep" | "drop";
}

/**
 * Returns the document of a record. `reason` is null if the document can be used; otherwise it is the reason
 * to drop it: `too_long`, `not_a_page`, `http_error`, `revisit`, `damaged` if the body cannot be
 * decompressed, `binary`, `broken` or `no_text`.
 */
export function documentFromWarc(
  record: WarcRecord,
  { path, name, pages, httpErrors }: WarcDocumentOptions,
): { readonly doc: Document; readonly reason: string | null } {
  const doc = withoutText(record, { path, name });
  const { html, text, reason } = contentOf(record, httpErrors);
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
  httpErrors: "keep" | "drop",
): { readonly html?: string; readonly text?: string; readonly reason?: string } {
  if (block === null) return { reason: "too_long" };
  if (type === "revisit") return { reason: "revisit" }; // its content is in an earlier record
  const identified = fields.get("warc-identified-payload-type");
  if (type === "conversion") {
    if (identified !== undefined && !page.test(identified) && !plain.test(identified)) {
      return { reason: "not_a_page" };
    }
    return checked({ text: decodePage(block, "utf-8").trim() });
  }
  try {
    // A resource is stored as it is, and so are some responses.
    const declaredByRecord = fields.get("content-type");
    const response = type === "resource" ? null : parseResponse(block);
    const bare = response === null && (type === "resource" || page.test(declaredByRecord ?? ""));
    if (response === null && !bare) return { reason: "not_a_page" };
    if (response?.damaged) return { reason: "damaged" };
    if (response !== null && httpErrors === "drop" && !isSuccess(response.status)) {
      return { reason: "http_error" };
    }
    const body = response?.body ?? block;
    const declared = response === null ? declaredByRecord : response.fields.get("content-type");
    const mime = identified ?? mediaType(declared) ?? (looksLikePage(body) ? "text/html" : "");
    if (!page.test(mime)) return { reason: "not_a_page" };
    return checked({ html: decodePage(body, charsetInType(declared ?? "")) });
  } catch (error) {
    if (error instanceof RangeError) return { reason: "too_long" };
    throw error;
  }
}

/** Returns the content, or the reason to drop it if it is binary data. */
function checked<T extends { readonly html?: string; readonly text?: string }>(
  content: T,
): T | { readonly reason: string } {
  return isBinaryText(content.html ?? content.text ?? "") ? { reason: "binary" } : content;
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** Returns the media type of a Content-Type field; of several fields, the first that is one. */
function mediaType(field: string | undefined): string | undefined {
  return field?.split(",").map((part) => part.trim()).find((part) => /^[\w.+-]+\/[\w.+-]+/.test(part));
}

function looksLikePage(body: Uint8Array<ArrayBuffer>): boolean {
  return /<(!doctype html|html|head|body)\b/i.test(new TextDecoder("latin1").decode(body.subarray(0, 1024)));
}
