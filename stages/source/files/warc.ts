/**
 * Web archives (.warc, .wet) as documents: the main text of the page in each response or resource record, and
 * the text of each conversion record. Source: ISO 28500.
 *
 * @module
 */
import { type Anchor, Anchors, readUnpacked } from "../../format/packed/packed_file.ts";
import { type ByteRange, rangeName, wholeFile } from "../../format/packed/byte_range.ts";
import { findIntactMember, findMember, nextMember } from "../../format/packed/find_member.ts";
import { findRecord, readWarc } from "../../format/web/warc.ts";
import type { Context, Source } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { isDamage, skipInput } from "./damage.ts";
import type { PageOptions } from "./html.ts";
import { documentFromWarc } from "./warc_document.ts";

/** Position in a web archive. */
export interface WarcState {
  /**
   * Byte offset of the next record in the decompressed file. After damage in the compressed data, it counts
   * only the bytes that could be read.
   */
  offset: number;
  /** Number of records before the next one; each damaged place counts as one record. */
  record: number;
  /** Point at which decompression can start in order to reach the next record. Default: the file's start. */
  anchor?: Anchor;
  /** Number of damaged places that were skipped. */
  damages?: number;
  /** Set if nothing after the last damage can be read. */
  ended?: true;
}

/** Types of the records that are documents or are counted as dropped. */
const documentTypes: readonly string[] = ["response", "resource", "conversion", "revisit"];

const maxDamages = 100; // limit per file, because the search for the next intact record is slow

/** How documents are made from an archive, and which part of it is read. */
export interface WarcFileOptions extends PageOptions {
  /**
   * Byte range of a .gz file. The gzip members that begin in this range are read, by default all. Each member
   * must be one record.
   */
  readonly range?: ByteRange;
}

/**
 * Returns one document per page: its main text, or the page itself in `html`. The id, the address and the
 * date are those of the record. Records that give no document are dropped as `not_a_page`, `http_error`,
 * `revisit`, `damaged` if the body cannot be decompressed, `binary`, `no_text`, `too_long`, or `broken` if
 * the HTML parser fails.
 *
 * Throws SyntaxError if a record does not begin correctly, Deno.errors.UnexpectedEof if the archive ends
 * within a record, and InvalidData if the compressed data is damaged. The messages name the record and the
 * byte, or the gzip member. With `damaged: "skip"`, each damaged place is dropped as `damaged` with a note,
 * and reading continues at the next record in the data that can still be decompressed; if there is none, at
 * the next intact gzip member or zstd frame that begins with a record. After 100 damaged places the rest of
 * the file is not read.
 */
export function warcFile(
  path: string,
  { pages = "text", damaged = "refuse", httpErrors = "drop", range = wholeFile }: WarcFileOptions = {},
): Source<Document, WarcState> {
  const name = rangeName(path, range);
  return {
    name,
    open: (_ctx, saved = { offset: 0, record: 0 }) => ({ ...saved }),
    async *read(state, ctx) {
      if (range.begin > 0 && state.anchor === undefined) {
        const member = await findMember(path, { ...range, beginsWell: beginsRecord, signal: ctx.signal });
        if (member === null) return;
        state.anchor = { packed: member, unpacked: 0 };
      }
      const search = { end: range.end, beginsWell: beginsRecord, signal: ctx.signal };
      const stop = await nextMember(path, search);
      while (!state.ended) {
        try {
          yield* readUntilDamage(state, { path, name, stop, pages, httpErrors, ctx });
          return;
        } catch (error) {
          if (damaged === "refuse" || !isDamage(error)) throw error;
          skipInput(ctx, { error, path, id: `${name}:${state.record + 1}` });
          await moveBeyondDamage(state, { path, signal: ctx.signal });
        }
      }
    },
  };
}

/** Yields the documents up to the end of the file. Throws at the first damage. */
async function* readUntilDamage(
  state: WarcState,
  { path, name, stop, pages, httpErrors, ctx }: {
    readonly path: string;
    readonly name: string;
    /** Compressed byte offset of the first member that belongs to the next part of the file. */
    readonly stop: number;
    readonly pages: "text" | "html";
    readonly httpErrors: "keep" | "drop";
    readonly ctx: Context;
  },
): AsyncGenerator<Document> {
  const anchors = new Anchors(state.anchor);
  const start = { offset: state.offset, anchor: anchors.before(state.offset) };
  const bytes = readUnpacked(path, { ...start, onAnchor: anchors.pass, signal: ctx.signal });
  const ends = (offset: number): boolean => {
    const { packed, unpacked } = anchors.before(offset);
    return unpacked === offset && packed >= stop;
  };
  const options = { name, from: { ...state }, types: documentTypes, ends };
  for await (const record of readWarc(bytes, options)) {
    Object.assign(state, record.next, { anchor: anchors.before(record.next.offset) });
    if (!documentTypes.includes(record.type)) continue;
    const { doc, reason } = documentFromWarc(record, { path, name, pages, httpErrors });
    if (reason === null) yield doc;
    else ctx.drop(doc, reason);
  }
}

/** Moves the state to the next intact record, or marks the file as ended. */
async function moveBeyondDamage(
  state: WarcState,
  { path, signal }: { readonly path: string; readonly signal: AbortSignal },
): Promise<void> {
  state.damages = (state.damages ?? 0) + 1;
  state.record++;
  const next = state.damages > maxDamages ? null : await findNextRecord(state, { path, signal });
  if (next === null) state.ended = true;
  else Object.assign(state, next);
}

/**
 * Returns the position of the next intact record, in the data that can still be decompressed or at the start
 * of an intact member, or null if there is none.
 */
async function findNextRecord(
  { offset, anchor: begin }: WarcState,
  { path, signal }: { readonly path: string; readonly signal: AbortSignal },
): Promise<{ readonly offset: number; readonly anchor: Anchor } | null> {
  const anchors = new Anchors(begin);
  try {
    const start = { offset, anchor: anchors.before(offset), onAnchor: anchors.pass, signal };
    const found = await findRecord(readUnpacked(path, start), offset);
    return found === null ? null : { offset: found, anchor: anchors.before(found) };
  } catch (error) {
    if (!isDamage(error)) throw error;
    const packed = await findIntactMember(path, { from: anchors.last.packed + 1, begins: "WARC/", signal });
    return packed === null ? null : { offset: offset + 1, anchor: { packed, unpacked: offset + 1 } };
  }
}

function beginsRecord(bytes: Uint8Array): boolean {
  return new TextDecoder("latin1").decode(bytes.subarray(0, 5)) === "WARC/";
}
