/**
 * Writes documents to `<dir>/00000.jsonl.gz`, one line per document in the schema of `toLine`. A growing file
 * is called `….partial` and consists of complete gzip members, at least one for each barrier, so that a
 * resume can truncate it exactly and write the same bytes again.
 *
 * @module
 */
import { gzipSync } from "node:zlib";
import type { Stage } from "../flow/stage.ts";
import type { Document } from "../items.ts";
import { GrowingFiles } from "./growing_files.ts";
import { type Row, toLine, toRow } from "./row.ts";

export { type Row, toRow } from "./row.ts";

/** Where and how documents are written. */
export interface DocumentFileOptions {
  /** Folder of the files, created if it is missing. */
  readonly dir: string;
  /** Name of the stage, unique in the flow. Default: "write". */
  readonly name?: string;
  /** Number of compressed bytes after which the next file is started. Default: 256 MiB. */
  readonly fileBytes?: number;
  /**
   * Rank of this process if several processes write into the folder; the files of rank 3 are `00003`,
   * `00003_001`, …. Default: null.
   */
  readonly rank?: number | null;
}

/** Position in the files, and the lines that are not compressed yet. */
export interface DocumentFileState {
  /** Index of the growing file. */
  file: number;
  /** Length in bytes of the growing file on disk. */
  bytes: number;
  /** Lines that are not on disk yet; empty whenever the state is saved. */
  held: string[];
  /** Number of characters in `held`. */
  heldLength: number;
}

const MEMBER_CHARACTERS = 1 << 20; // enough to compress well, few enough to hold in memory

/**
 * Returns a sink that writes documents as JSON lines.
 *
 * @example
 * ```ts
 * import { from, openSource, writeDocuments } from "@stagewise/gpt";
 *
 * const dir = await Deno.makeTempDir();
 * await from([{ id: "1", text: "We the People" }]).pipe(writeDocuments({ dir })).run();
 * const again = from(await openSource([`${dir}/00000.jsonl.gz`]));
 * console.log((await Array.fromAsync(again.stream())).map(({ text }) => text)); // [ "We the People" ]
 * ```
 */
export function writeDocuments(options: DocumentFileOptions): Stage<Document, never, DocumentFileState> {
  return writeLines(options, (doc: Document) => toRow(doc));
}

/**
 * Returns a sink for `rejects` of `pipe` that writes dropped documents as JSON lines, each with its `reason`.
 *
 * @example
 * ```ts
 * import { type Document, from, rule, writeRemoved } from "@stagewise/gpt";
 *
 * const dir = await Deno.makeTempDir();
 * const long = rule<Document>("long", ({ text }) => text.length > 3 ? null : "short");
 * await from([{ id: "1", text: "No." }]).pipe(long, { rejects: writeRemoved({ dir }) }).run();
 * console.log([...Deno.readDirSync(dir)].map(({ name }) => name)); // [ "00000.jsonl.gz" ]
 * ```
 */
export function writeRemoved(
  options: DocumentFileOptions,
): Stage<{ readonly item: unknown; readonly reason: string }, never, DocumentFileState> {
  return writeLines(
    options,
    ({ item, reason }) => ({ ...toRow(item as Document), reason: reason.toWellFormed() }),
  );
}

function writeLines<In>(
  { dir, name = "write", fileBytes = 256 * 2 ** 20, rank = null }: DocumentFileOptions,
  toRow: (item: In) => Row & { readonly reason?: string },
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
      const line = toLine(toRow(item));
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
    close(state) { // also seals the file of a stopped run; a resume makes it partial again
      writeMember(state);
      files.seal(state);
    },
  };
}
