/**
 * Web archives (.warc, .wet) as documents: a page's main text from each response, the text itself from each
 * conversion. Source: ISO 28500; which records count as in datatrove's reader.
 *
 * @module
 */
import { tryArticle } from "../../format/web/article_text.ts";
import { type Anchor, Anchors, readUnpacked } from "../../format/packed/compressed.ts";
import { parseResponse } from "../../format/web/http.ts";
import {
  findMember,
  nextMember,
  type Stretch,
  stretchName,
  wholeFile,
} from "../../format/packed/byte_range.ts";
import { findSoundMember } from "../../format/packed/intact_member.ts";
import { findRecord, readWarc, type WarcRecord } from "../../format/web/warc.ts";
import type { Context, Source } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { isDamage, skipInput } from "./damage.ts";
import type { PageOptions } from "./html.ts";
import { decodePage } from "./page_charset.ts";

/** Where an archive stands. */
export interface WarcState {
  /** Bytes before the next record, from the start of the unpacked file; after broken packing, those that were read. */
  offset: number;
  /** Records before it, damaged ones counted once a place. */
  record: number;
  /** Where unpacking begins for it; absent: at the file's start. */
  anchor?: Anchor;
  /** Damaged places passed over. */
  damages?: number;
  /** Nothing after the last damage can be read. */
  ended?: true;
}

const mostDamages = 100; // in a file: looking for what is sound costs time

const page = /^(text\/html|application\/xhtml\+xml)\b/i;
const plain = /^text\/plain\b/i;

/** What documents of archives hold, and which part of a file is read. */
export interface WarcFileOptions extends PageOptions {
  /** Of a file with .gz: the gzip members that begin in it (default all); each must be a record. */
  readonly stretch?: Stretch;
}

/**
 * One document for each page: its main text, or the page itself in `html`. Ids, urls and dates are the record's. What
 * is no page is dropped and counted: `not_a_page`, `no_text`, `too_long`, `broken` where the parser cannot take it.
 *
 * Throws SyntaxError where a record does not begin as one, Deno.errors.UnexpectedEof where the archive ends within one,
 * InvalidData where its packing is broken, each with record and byte, or member. With `damaged: "skip"` reading goes on
 * instead at the next record that can be found, or the next sound gzip member or zstd frame that begins with one; each
 * place is dropped as `damaged`, with a note. After 100 of them the rest of the file is left out.
 */
export function warcFile(
  path: string,
  { pages = "text", damaged = "refuse", stretch = wholeFile }: WarcFileOptions = {},
): Source<Document, WarcState> {
  const name = stretchName(path, stretch);
  return {
    name,
    open: (_ctx, saved = { offset: 0, record: 0 }) => ({ ...saved }),
    async *read(state, ctx) {
      if (stretch.begin > 0 && state.anchor === undefined) {
        const member = await findMember(path, { ...stretch, beginsWell: beginsRecord, signal: ctx.signal });
        if (member === null) return;
        state.anchor = { packed: member, unpacked: 0 };
      }
      const place = { end: stretch.end, beginsWell: beginsRecord, signal: ctx.signal };
      const stop = await nextMember(path, place);
      while (!state.ended) {
        try {
          yield* readSound(state, { path, name, stop, pages, ctx });
          return;
        } catch (error) {
          if (damaged === "refuse" || !isDamage(error)) throw error;
          skipInput(ctx, { error, path, id: `${name}:${state.record + 1}` });
          await pass(state, { path, signal: ctx.signal });
        }
      }
    },
  };
}

/** Documents up to the file's end or the first damage. */
async function* readSound(
  state: WarcState,
  { path, name, stop, pages, ctx }: {
    readonly path: string;
    readonly name: string;
    readonly stop: number; // packed bytes before the member that is another's
    readonly pages: "text" | "html";
    readonly ctx: Context;
  },
): AsyncGenerator<Document> {
  const anchors = new Anchors(state.anchor);
  const place = { offset: state.offset, anchor: anchors.before(state.offset) };
  const bytes = readUnpacked(path, { ...place, onAnchor: anchors.pass, signal: ctx.signal });
  const ends = (offset: number): boolean => {
    const { packed, unpacked } = anchors.before(offset);
    return unpacked === offset && packed >= stop;
  };
  const options = { name, from: { ...state }, types: ["response", "conversion"], ends };
  for await (const record of readWarc(bytes, options)) {
    Object.assign(state, record.next, { anchor: anchors.before(record.next.offset) });
    if (record.type !== "response" && record.type !== "conversion") continue;
    const known = about(record, { path, name });
    const found = contentOf(record);
    if (found.html !== undefined && pages === "html") yield { ...known, html: found.html };
    else if (found.reason !== undefined) ctx.drop(known, found.reason);
    else {
      const text = found.text ?? tryArticle(found.html ?? "");
      if (text) yield { ...known, text };
      else ctx.drop(known, text === null ? "broken" : "no_text");
    }
  }
}

/** Moves the state behind damage. */
async function pass(
  state: WarcState,
  { path, signal }: { readonly path: string; readonly signal: AbortSignal },
): Promise<void> {
  state.damages = (state.damages ?? 0) + 1;
  state.record++;
  const next = state.damages > mostDamages ? null : await findSound(state, { path, signal });
  if (next === null) state.ended = true;
  else Object.assign(state, next);
}

/** Where to go on: at a record in what can still be unpacked, else at a member. */
async function findSound(
  { offset, anchor: begin }: WarcState,
  { path, signal }: { readonly path: string; readonly signal: AbortSignal },
): Promise<{ readonly offset: number; readonly anchor: Anchor } | null> {
  const anchors = new Anchors(begin);
  try {
    const place = { offset, anchor: anchors.before(offset), onAnchor: anchors.pass, signal };
    const found = await findRecord(readUnpacked(path, place), offset);
    return found === null ? null : { offset: found, anchor: anchors.before(found) };
  } catch (error) {
    if (!isDamage(error)) throw error;
    const packed = await findSoundMember(path, { from: anchors.last.packed + 1, begins: "WARC/", signal });
    return packed === null ? null : { offset: offset + 1, anchor: { packed, unpacked: offset + 1 } };
  }
}

function beginsRecord(bytes: Uint8Array): boolean {
  return new TextDecoder("latin1").decode(bytes.subarray(0, 5)) === "WARC/";
}

function about(
  { fields, number }: WarcRecord,
  { path, name }: { readonly path: string; readonly name: string },
): Document {
  const url = (fields.get("warc-target-uri") ?? fields.get("uri"))?.replace(/^<(.*)>$/, "$1"); // wget's brackets
  const date = fields.get("warc-date") ?? fields.get("archive-date");
  return {
    id: fields.get("warc-record-id") ?? `${name}:${number}`,
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
