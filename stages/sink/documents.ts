/**
 * Documents to disk: `<dir>/00000.jsonl.gz`, a line a document in FineWeb's schema. A growing file is called
 * `….partial`; it is appended to in whole gzip members, one for each barrier at least, so a resume can cut it back to
 * the byte and write the same again.
 *
 * @module
 */
import { gzipSync } from "node:zlib";
import type { Stage } from "../flow/stage.ts";
import type { Document } from "../items.ts";

/** Where and how documents are written. */
export interface DocumentFileOptions {
  /** Made if missing. */
  readonly dir: string;
  /** Unique in the flow (default "write"). */
  readonly name?: string;
  /** Compressed bytes after which the next file begins (default 256 MiB). */
  readonly fileBytes?: number;
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

/** FineWeb's row of a document, keys in the published order; what is not known is left out. */
export function toRow(doc: Document): Record<string, unknown> {
  return {
    text: doc.text,
    id: doc.id,
    dump: doc.dump,
    url: doc.url,
    date: doc.date,
    file_path: doc.filePath,
    language: doc.language,
    language_score: doc.languageScore,
    token_count: doc.tokenCount,
  };
}

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
  { dir, name = "write", fileBytes = 256 * 2 ** 20 }: DocumentFileOptions,
  row: (item: In) => Record<string, unknown>,
): Stage<In, never, DocumentFileState> {
  const path = (file: number) => `${dir}/${String(file).padStart(5, "0")}.jsonl.gz`;

  function writeMember(state: DocumentFileState): void {
    if (state.held.length === 0) return;
    const member = gzipSync(state.held.join(""));
    append(`${path(state.file)}.partial`, member);
    state.bytes += member.length;
    state.held = [];
    state.heldLength = 0;
  }

  function seal(state: DocumentFileState): void {
    if (state.bytes === 0) return;
    sync(`${path(state.file)}.partial`);
    Deno.renameSync(`${path(state.file)}.partial`, path(state.file));
    state.file++;
    state.bytes = 0;
  }

  return {
    name,
    open(_ctx, saved) {
      Deno.mkdirSync(dir, { recursive: true });
      const state = saved === undefined
        ? { file: 0, bytes: 0, held: [], heldLength: 0 }
        : { ...saved, held: [] };
      rewind(dir, state, path);
      return state;
    },
    push(item, state) {
      const line = `${JSON.stringify(row(item))}\n`;
      state.held.push(line);
      state.heldLength += line.length;
      if (state.heldLength >= MEMBER_CHARACTERS) writeMember(state);
      if (state.bytes >= fileBytes) seal(state);
      return [];
    },
    flush(state) {
      writeMember(state);
      seal(state);
      return [];
    },
    save(state) {
      writeMember(state);
      if (state.bytes > 0) sync(`${path(state.file)}.partial`);
      return { file: state.file, bytes: state.bytes, held: [], heldLength: 0 };
    },
    close(state) { // a run that ended before its source leaves whole files too; a resume takes the last one up again
      writeMember(state);
      seal(state);
    },
  };
}

/** Makes the folder what it was when `state` was saved: later files go, the growing one is cut back. */
function rewind(dir: string, state: DocumentFileState, path: (file: number) => string): void {
  for (const { name } of Deno.readDirSync(dir)) {
    const match = /^(\d{5,})\.jsonl\.gz(\.partial)?$/.exec(name);
    if (match === null || Number(match[1]) < state.file) continue;
    if (Number(match[1]) === state.file && state.bytes > 0) continue;
    Deno.removeSync(`${dir}/${name}`);
  }
  if (state.bytes === 0) return;
  const partial = `${path(state.file)}.partial`;
  try {
    Deno.renameSync(path(state.file), partial); // it had been sealed after the checkpoint
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const { size } = Deno.statSync(partial);
  if (size < state.bytes) {
    throw new RangeError(
      `Cannot go on writing ${partial}: it has ${size} bytes, the checkpoint says ${state.bytes}: begin anew with --resume never`,
    );
  }
  Deno.truncateSync(partial, state.bytes);
}

function append(path: string, data: Uint8Array): void {
  using file = Deno.openSync(path, { append: true, create: true });
  for (let at = 0; at < data.length;) at += file.writeSync(data.subarray(at));
}

function sync(path: string): void {
  using file = Deno.openSync(path, { write: true });
  file.syncSync();
}
