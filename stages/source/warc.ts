/**
 * Web archives (.warc, .wet) as documents: a page's main text from each response, the text itself from each
 * conversion. Source: ISO 28500; which records count as in datatrove's reader.
 *
 * @module
 */
import { articleText } from "../format/article_text.ts";
import { type Anchor, Anchors, readUnpacked } from "../format/compressed.ts";
import { parseResponse } from "../format/http.ts";
import { readWarc, type WarcRecord } from "../format/warc.ts";
import type { Source } from "../flow/stage.ts";
import type { Document } from "../items.ts";
import type { PageOptions } from "./html.ts";
import { decodePage } from "./page_charset.ts";

/** Where an archive stands. */
export interface WarcState {
  /** Bytes before the next record, from the start of the unpacked file. */
  offset: number;
  /** Records before it. */
  record: number;
  /** Where unpacking begins for it; absent: at the file's start. */
  anchor?: Anchor;
}

const page = /^(text\/html|application\/xhtml\+xml)\b/i;
const plain = /^text\/plain\b/i;

/**
 * One document for each page: its main text, or the page itself in `html`. Ids, urls and dates are the record's. What is no page is dropped and counted:
 * `not_a_page`, `no_text`, `too_long`. Throws SyntaxError where a record does not begin as one,
 * Deno.errors.UnexpectedEof where the archive ends within one, each with record and byte.
 */
export function warcFile(path: string, { pages = "text" }: PageOptions = {}): Source<Document, WarcState> {
  return {
    name: path,
    open: (_ctx, saved = { offset: 0, record: 0 }) => ({ ...saved }),
    async *read(state, ctx) {
      const anchors = new Anchors(state.anchor);
      const place = { offset: state.offset, anchor: anchors.before(state.offset) };
      const bytes = readUnpacked(path, { ...place, onAnchor: anchors.pass, signal: ctx.signal });
      const options = { name: path, from: { ...state }, types: ["response", "conversion"] };
      for await (const record of readWarc(bytes, options)) {
        Object.assign(state, record.next, { anchor: anchors.before(record.next.offset) });
        if (record.type !== "response" && record.type !== "conversion") continue;
        const known = about(record, path);
        const found = contentOf(record);
        if (found.html !== undefined && pages === "html") yield { ...known, html: found.html };
        else if (found.reason !== undefined) ctx.drop(known, found.reason);
        else {
          const text = found.text ?? articleText(found.html ?? "");
          if (text !== "") yield { ...known, text };
          else ctx.drop(known, "no_text");
        }
      }
    },
  };
}

function about({ fields, number }: WarcRecord, path: string): Document {
  const url = (fields.get("warc-target-uri") ?? fields.get("uri"))?.replace(/^<(.*)>$/, "$1"); // wget's brackets
  const date = fields.get("warc-date") ?? fields.get("archive-date");
  return {
    id: fields.get("warc-record-id") ?? `${path}:${number}`,
    text: "",
    filePath: path,
    ...(url === undefined ? {} : { url }),
    ...(date === undefined ? {} : { date }),
  };
}

/** A page, a text, or why there is neither. */
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
    const told = response.fields.get("content-type");
    const kind = identified ?? told ?? (looksLikePage(response.body) ? "text/html" : "");
    if (!page.test(kind)) return { reason: "not_a_page" };
    const charset = /charset\s*=\s*["']?([\w-]+)/i.exec(told ?? "")?.[1] ?? null;
    return { html: decodePage(response.body, charset) };
  } catch (error) {
    if (error instanceof RangeError) return { reason: "too_long" };
    throw error;
  }
}

function looksLikePage(body: Uint8Array<ArrayBuffer>): boolean {
  return /<(!doctype html|html|head|body)\b/i.test(new TextDecoder("latin1").decode(body.subarray(0, 1024)));
}
