/**
 * A text file (.txt, .md) as documents. A short file is one document. A long one is split between paragraphs
 * into many documents, so that part of a book can be held out for validation and memory stays small.
 *
 * @module
 */
import { readUnpacked } from "../../format/packed/packed_file.ts";
import { lines } from "../../format/text/lines.ts";
import { type ByteRange, rangeName, wholeFile } from "../../format/packed/byte_range.ts";
import { LineBounds } from "../../format/packed/line_bounds.ts";
import type { Source } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { type DamageOptions, skipInputOnce, untilDamage } from "./damage.ts";

/** Position in a text file. */
export interface TextState {
  /** Byte offset of the next document in the decompressed file. */
  offset: number;
  /** Set once damage to the compressed data has been reported; nothing after the damage can be read. */
  damaged?: true;
  /** Greatest offset at which a line of the range may begin. */
  last?: number;
}

/** How a text file is split into documents, and which part of it is read. */
export interface TextOptions extends DamageOptions {
  /**
   * Minimum size of a document in bytes (default 16 KiB). The document ends at the first blank line after
   * this number of bytes.
   */
  readonly documentBytes?: number;
  /**
   * The range of bytes to read, for uncompressed files only (default: the whole file). All lines that begin
   * in the range are read.
   */
  readonly range?: ByteRange;
}

/**
 * Returns documents that consist of whole paragraphs, which are separated by blank lines. If no blank line
 * follows, a document ends at the first line end after four times `documentBytes` bytes, or within a line
 * that is itself longer than four times `documentBytes`. Invalid UTF-8 is read as U+FFFD. No document is made
 * from blank text. The id is the path; for a document that does not begin the file, "#" and its byte offset
 * are appended. With `damaged: "skip"`, compressed data is read up to the first damage. Throws RangeError for
 * `documentBytes` below 1.
 */
export function textFile(path: string, options: TextOptions = {}): Source<Document, TextState> {
  const { documentBytes = 1 << 14, damaged = "refuse", range = wholeFile } = options;
  if (!(documentBytes >= 1)) throw new RangeError(`documentBytes is ${documentBytes}: expected at least 1`);
  const maxBytes = 4 * documentBytes;
  return {
    name: rangeName(path, range),
    open: (_ctx, saved = { offset: 0 }) => ({ ...saved }),
    async *read(state, ctx) {
      const bounds = new LineBounds(path, { range, cursor: state });
      if (!await bounds.enter(ctx.signal)) return;
      const decoder = new TextDecoder();
      let begin = state.offset;
      let end = begin;
      let atLineStart = true;
      let text = "";
      const bytes = untilDamage(
        readUnpacked(path, { offset: begin, signal: ctx.signal }),
        damaged === "skip" ? (error) => skipInputOnce(state, { ctx, path, error }) : null,
      );
      for await (const line of lines(bytes, { offset: begin, limit: maxBytes })) {
        if (atLineStart && bounds.isBeyond(end)) break;
        atLineStart = line.complete;
        const decoded = decoder.decode(line.bytes);
        text += line.complete ? `${decoded}\n` : decoded;
        end = line.end;
        const size = end - begin;
        if (size < documentBytes || (decoded.trim() !== "" && size < maxBytes)) continue;
        state.offset = end;
        if (text.trim() !== "") yield document(path, begin, text);
        begin = end;
        text = "";
      }
      state.offset = end;
      if (text.trim() !== "") yield document(path, begin, text);
    },
  };
}

function document(path: string, begin: number, text: string): Document {
  const id = begin === 0 ? path : `${path}#${begin}`;
  return { id, text: text.replace(/^(\s*\n)+/, "").trimEnd(), filePath: path };
}
