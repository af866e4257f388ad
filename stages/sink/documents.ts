/**
 * Documents to disk: `<dir>/00000.jsonl.gz`, a line a document in FineWeb's schema. A growing file is called
 * `….partial`; it is appended to in whole gzip members, one for each barrier at least, so a resume can cut it
 * back to the byte and write the same again.
 *
 * @module
 */
import { gzipSync } from "node:zlib";
import type { Stage } from "../flow/stage.ts";
import type { Document } from "../items.ts";
import { GrowingFiles } from "./growing_files.ts";
import { toRow } from "./row.ts";
export { type Row, toRow } from "./row.ts";

/** Where and how documents are written. */
export interface DocumentFileOptions {
  /** Made if missing. */
  readonly dir: string;
  /** Unique in the flow (default "write"). */
  readonly name?: string;
  /** Compressed bytes after which the next file begins (default 256 MiB). */
  readonly fileBytes?: number;
  /**
   * Of the process, where several write into one folder: its files are `00003`, `00003_001`, …; default: it
   * is alone.
   */
  readonly rank?: number | null;
}

/** Where the writer stands: which file, how long it is, and what is still to be compressed. */
export interface DocumentFileState {
  /** Number of the file that grows. */
  file: number;
  /** Its length on disk. */
  bytes: number;
  /** Lines not on disk yet; always empty when saved. */
  held: string[];
  /** Characters of the lines held. */
  heldLength: number;
}

const MEMBER_CHARACTERS = 1 << 20; // one gzip member: big enough to compress well, small enough to hold

/** A sink that writes documents. Throws what the disk says: no space, no permission. */
export function writeDocuments(options: DocumentFileOptions): Stage<Document, never, DocumentFileState> {
  return writeLines(options, (doc: Document) => toRow(doc));
}

/** A sink for what a filter dropped: documents, each with its `reason`. For `pipe`'s `rejects`. */
export function writeRemoved(
  options: DocumentFileOptions,
): Stage<{ readonly item: unknown; readonly reason: string }, never, DocumentFileState> {
  return writeLines(options, ({ item, reason }) => ({ ...toRow(item as Document), reason }));
}

function writeLines<In>(
  { dir, name = "write", fileBytes = 256 * 2 ** 20, rank = null }: DocumentFileOptions,
  row: (item: In) => Record<string, unknown>,
): Stage<In, never, DocumentFileState> {
  let files: GrowingFiles;

  function writeMember(state: DocumentFileState): void {
    if (state.held.length === 0) return;
    files.append(state, gzipSync(state.held.join("")));
    state.held = [];
    state.heldLength = 0;
  }

  return {
    name,
    open(_ctx, saved) {
      files = new GrowingFiles({ dir, ending: ".jsonl.gz", rank });
      const state = saved === undefined
        ? { file: 0, bytes: 0, held: [], heldLength: 0 }
        : { ...saved, held: [] };
      files.rewind(state);
      return state;
    },
    push(item, state) {
      const line = `${JSON.stringify(row(item))}\n`;
      state.held.push(line);
      state.heldLength += line.length;
      if (state.heldLength >= MEMBER_CHARACTERS) writeMember(state);
      if (state.bytes >= fileBytes) files.seal(state);
      return [];
    },
    flush(state) {
      writeMember(state);
      files.seal(state);
      return [];
    },
    save(state) {
      writeMember(state);
      files.sync(state);
      return { file: state.file, bytes: state.bytes, held: [], heldLength: 0 };
    },
    close(state) { // a run that ended before its source leaves whole files too; a resume takes the last one up again
      writeMember(state);
      files.seal(state);
    },
  };
}
