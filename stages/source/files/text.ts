/**
 * A text file (.txt, .md) as documents: a short one is one document, a long one many of whole paragraphs, so that a
 * book can be held out in part and memory stays small.
 *
 * @module
 */
import { readUnpacked } from "../../format/packed/compressed.ts";
import { lines } from "../../format/text/lines.ts";
import { LineBounds, type Stretch, stretchName, wholeFile } from "../../format/packed/byte_range.ts";
import type { Source } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { type DamageOptions, skipInputOnce, untilDamage } from "./damage.ts";

/** Where a text file stands: bytes before the next document, from the start of the unpacked file. */
export interface TextState {
  /** In bytes. */
  offset: number;
  /** The packing is broken further on, which was told. */
  damaged?: true;
  /** The last place at which a line of a stretch may begin. */
  last?: number;
}

/** Sizes in bytes. */
export interface TextOptions extends DamageOptions {
  /** A document ends at the first blank line after this much (default 16 KiB). */
  readonly documentBytes?: number;
  /** Which part of a file that is not packed is read (default all of it); documents end where it ends. */
  readonly stretch?: Stretch;
}

/**
 * Documents of whole paragraphs. Paragraphs are split at blank lines; where there are none, a document ends at the
 * first line end after four times `documentBytes`, and inside a line of more than that. What is not UTF-8 is read as
 * U+FFFD. Blank stretches are no documents. Ids are the path, with "#" and the byte where the document begins if
 * that is not the first. Of a file with broken packing, with `damaged: "skip"`, what comes before is given.
 */
export function textFile(path: string, options: TextOptions = {}): Source<Document, TextState> {
  const { documentBytes = 1 << 14, damaged = "refuse", stretch = wholeFile } = options;
  if (!(documentBytes >= 1)) throw new RangeError(`documentBytes is ${documentBytes}: wanted at least 1`);
  const most = 4 * documentBytes;
  return {
    name: stretchName(path, stretch),
    open: (_ctx, saved = { offset: 0 }) => ({ ...saved }),
    async *read(state, ctx) {
      const bounds = new LineBounds(path, { stretch, cursor: state });
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
      for await (const line of lines(bytes, { offset: begin, limit: most })) {
        if (atLineStart && bounds.isBeyond(end)) break;
        atLineStart = line.whole;
        const shown = decoder.decode(line.bytes);
        text += line.whole ? `${shown}\n` : shown;
        end = line.end;
        const size = end - begin;
        if (size < documentBytes || (shown.trim() !== "" && size < most)) continue;
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
