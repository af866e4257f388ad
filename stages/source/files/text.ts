/**
 * A text file (.txt, .md) as documents. A short file is one document. A long one is split between paragraphs
 * into many documents, so that part of a book can be held out for validation and memory stays small.
 *
 * @module
 */
import { readUnpacked } from "../../format/packed/packed_file.ts";
import {
  badByteError,
  checkEncoding,
  firstBadByte,
  inUtf8,
  skipFirst,
  UTF8,
} from "../../format/text/encodings.ts";
import { lines } from "../../format/text/lines.ts";
import { type ByteRange, rangeName, wholeFile } from "../../format/packed/byte_range.ts";
import { LineBounds } from "../../format/packed/line_bounds.ts";
import type { Source } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { type DamageOptions, skipInputOnce, skipRecord, untilDamage } from "./damage.ts";
import { fileEncoding } from "./file_encoding.ts";

/** Position in a text file. */
export interface TextState {
  /** Byte offset of the next document in the decompressed file. */
  offset: number;
  /** Set once damage to the compressed data has been reported; nothing after the damage can be read. */
  damaged?: true;
  /** Greatest offset at which a line of the range may begin. */
  last?: number;
  /** Encoding of the file if it is not UTF-8. Offsets then count the bytes of the text in UTF-8. */
  encoding?: string;
  /** Multiple of `TEXT_CELL` that the next document reaches at most; default: the next one. */
  cellEnd?: number;
  /** Set after the note about the first bad byte; further lines with bad bytes are only counted. */
  noted?: true;
}

/** How plain text is read. */
export interface PlainTextOptions {
  /**
   * Encoding of a file without a byte order mark: a name of the WHATWG Encoding Standard, such as latin1
   * (default UTF-8).
   */
  readonly encoding?: string;
  /**
   * `paragraphs` (default): a document is a short file, or some paragraphs of a long one. `lines`: each line
   * that is not blank is a document.
   */
  readonly split?: "paragraphs" | "lines";
}

/** How a text file is split into documents, and which part of it is read. */
export interface TextOptions extends DamageOptions, PlainTextOptions {
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
  /** Whether the file is known to be UTF-8. Default false: its first bytes are read to find out. */
  readonly isUtf8?: boolean;
}

/**
 * Returns documents that consist of whole paragraphs, which are separated by blank lines. If no blank line
 * follows, a document ends at the first line end after four times `documentBytes` bytes, or within a line
 * that is itself longer than four times `documentBytes`. A document also ends with the line that reaches a
 * multiple of 16 MiB (`TEXT_CELL`), so that a part of a file that begins there has the same documents as the
 * whole file. No document is made from blank text. The id is the path; for a document that does not begin the
 * file, "#" and its byte offset are appended.
 *
 * Throws Deno.errors.InvalidData that names the file and the byte for bytes that are not valid in the
 * encoding, and RangeError for an unknown encoding and for `documentBytes` below 1. With `damaged: "skip"`,
 * bad bytes are read as U+FFFD and counted as `bad_bytes`, once for each line (once for the file if it is not
 * UTF-8), and compressed data is read up to the first damage.
 */
export function textFile(path: string, options: TextOptions = {}): Source<Document, TextState> {
  const { documentBytes = 1 << 14, damaged = "refuse", range = wholeFile, split = "paragraphs" } = options;
  const { isUtf8 = false } = options;
  if (!(documentBytes >= 1)) throw new RangeError(`documentBytes is ${documentBytes}: expected at least 1`);
  const encoding = checkEncoding(options.encoding ?? UTF8);
  const byLine = split === "lines", maxBytes = byLine ? MAX_LINE : 4 * documentBytes;
  return {
    name: rangeName(path, range),
    open: (_ctx, saved = { offset: 0 }) => ({ ...saved }),
    async *read(state, ctx) {
      const bounds = new LineBounds(path, { range, cursor: state });
      if (!await bounds.enter(ctx.signal)) return;
      const skips = damaged === "skip";
      const onBad = (error: Error, offset: number): void => {
        if (!skips) throw error;
        skipRecord(state, { ctx, error, path, id: `${path}#${offset}`, reason: "bad_bytes" });
      };
      let begin = state.offset;
      let cellEnd = state.cellEnd ?? TEXT_CELL * Math.max(1, Math.ceil(begin / TEXT_CELL));
      let end = begin;
      let atLineStart = true;
      let text = "";
      const bytes = utf8Of(path, { encoding, isUtf8, state, signal: ctx.signal, skips, onBad, onDamage });
      function onDamage(error: Error): void {
        skipInputOnce(state, { ctx, path, error });
      }
      for await (const line of lines(bytes, { offset: begin, limit: maxBytes })) {
        if (atLineStart && bounds.isBeyond(end)) break;
        atLineStart = line.complete;
        const decoded = decodeLine(line.bytes, { path, offset: end, onBad });
        text += line.complete ? `${decoded}\n` : decoded;
        end = line.end;
        const size = end - begin;
        const cellEnds = line.complete && end > cellEnd;
        const goesOn = size < documentBytes || (decoded.trim() !== "" && size < maxBytes);
        if (!byLine && !cellEnds && goesOn) continue;
        if (cellEnds) state.cellEnd = cellEnd = TEXT_CELL * Math.ceil(end / TEXT_CELL);
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

/** Distance of the places in a text file at which a document ends in any case: 16 MiB. */
export const TEXT_CELL: number = 1 << 24;

const MAX_LINE = 1 << 26; // bytes of a line that is one document; a longer one is divided

/** The bytes of a file in UTF-8 from `state.offset` on. Sets `state.encoding` if the file is not in UTF-8. */
async function* utf8Of(
  path: string,
  { encoding, isUtf8, state, signal, skips, onBad, onDamage }: {
    readonly encoding: string;
    readonly isUtf8: boolean;
    readonly state: TextState;
    readonly signal: AbortSignal;
    readonly skips: boolean;
    onBad(error: Error, offset: number): void;
    onDamage(error: Error): void;
  },
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const read = (offset: number) =>
    untilDamage(readUnpacked(path, { offset, signal }), skips ? onDamage : null);
  const found = state.encoding ?? (isUtf8 ? UTF8 : await fileEncoding(path, { label: encoding, signal }));
  if (found === UTF8) return yield* read(state.offset);
  state.encoding = found;
  const reports = state.offset === 0; // a resumed run has counted the bad bytes already
  const text = inUtf8(read(0), {
    encoding: found,
    name: path,
    ...(skips && { onBad: (error: Error) => reports && onBad(error, 0) }),
  });
  yield* skipFirst(state.offset, text);
}

/** The text of a line or of a piece of one, which begins at byte `offset` of the file. */
function decodeLine(
  bytes: Uint8Array<ArrayBuffer>,
  { path, offset, onBad }: {
    readonly path: string;
    readonly offset: number;
    onBad(error: Error, offset: number): void;
  },
): string {
  try {
    return (offset === 0 ? strict : strictInside).decode(bytes);
  } catch (error) {
    const at = firstBadByte(bytes);
    if (at === null) throw error;
    onBad(badByteError(path, { offset: offset + at, byte: bytes[at], encoding: UTF8 }), offset);
    return new TextDecoder(UTF8, { ignoreBOM: offset > 0 }).decode(bytes);
  }
}

const strict = new TextDecoder(UTF8, { fatal: true });
/** Keeps U+FEFF, which is a byte order mark only at the beginning of a file. */
const strictInside = new TextDecoder(UTF8, { fatal: true, ignoreBOM: true });

function document(path: string, begin: number, text: string): Document {
  const id = begin === 0 ? path : `${path}#${begin}`;
  return { id, text: text.replace(/^(\s*\n)+/, "").trimEnd(), filePath: path };
}
