/**
 * Numbered files in a folder. Only the last one grows: it is called `….partial` until it is complete, and a
 * resume truncates it to its saved length.
 *
 * @module
 */
import { disk } from "../disk/disk.ts";
import { openTruncated, writeAllSync } from "../disk/exact_io.ts";
import { syncFolderSync } from "../disk/folder_sync.ts";
import { entriesInSync, makeFolderSync, openFileSync } from "../disk/files.ts";

/** Position in the files. */
export interface GrowingState {
  /** Index of the growing file. */
  file: number;
  /** Length in bytes of the growing file on disk. */
  bytes: number;
}

/** Place and names of the files. */
export interface GrowingFilesOptions {
  /** The folder, created if it is missing. */
  readonly dir: string;
  /** Extension of the file names with its dot, such as ".jsonl.gz". */
  readonly ending: string;
  /** Rank of this process if several processes write into the folder; null if only this one does. */
  readonly rank: number | null;
}

/** The files `00000`, `00001`, …, or, for rank 3 of several processes, `00003`, `00003_001`, … */
export class GrowingFiles {
  readonly #options: GrowingFilesOptions;

  /** Creates the folder if it is missing. */
  constructor(options: GrowingFilesOptions) {
    this.#options = options;
    makeFolderSync(options.dir);
  }

  /** Final path of a file. */
  path(file: number): string {
    const { dir, ending, rank } = this.#options;
    const name = rank === null
      ? padded(file, 5)
      : `${padded(rank, 5)}${file === 0 ? "" : `_${padded(file, 3)}`}`;
    return `${dir}/${name}${ending}`;
  }

  /** Appends to the growing file. */
  append(state: GrowingState, data: Uint8Array): void {
    using file = openFileSync(`${this.path(state.file)}.partial`, { append: true, create: true });
    writeAllSync(file, data);
    if (state.bytes === 0) syncFolderSync(this.#options.dir); // the file is new
    state.bytes += data.length;
  }

  /** Syncs the growing file to disk, so that it survives a power cut. */
  sync({ file, bytes }: GrowingState): void {
    if (bytes > 0) sync(`${this.path(file)}.partial`);
  }

  /** Gives the growing file its final name; the next append starts a new file. */
  seal(state: GrowingState): void {
    if (state.bytes === 0) return;
    this.sync(state);
    disk.renameSync(`${this.path(state.file)}.partial`, this.path(state.file));
    syncFolderSync(this.#options.dir);
    state.file++;
    state.bytes = 0;
  }

  /**
   * Restores the folder as it was when `state` was saved: removes later files and truncates the growing one.
   * Throws the same errors as `openTruncated()`.
   */
  rewind(state: GrowingState): void {
    const { dir } = this.#options;
    for (const { name } of entriesInSync(dir)) {
      const number = this.#numberOf(name);
      if (number === null || number < state.file || number === state.file && state.bytes > 0) continue;
      disk.removeSync(`${dir}/${name}`);
    }
    if (state.bytes === 0) return;
    const partial = `${this.path(state.file)}.partial`;
    try {
      disk.renameSync(this.path(state.file), partial); // the file may have been sealed after the checkpoint
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    openTruncated(partial, state.bytes).close();
  }

  /**
   * Returns the index of the file with this name, partial or not, or null if it is not one of this process's
   * files.
   */
  #numberOf(name: string): number | null {
    const { ending, rank } = this.#options;
    const final = name.replace(/\.partial$/, "");
    const found = /^(\d{5,})(?:_(\d{3,}))?$/.exec(
      final.endsWith(ending) ? final.slice(0, -ending.length) : "",
    );
    if (found === null) return null;
    const [, first, second] = found;
    if (rank === null) return second === undefined ? Number(first) : null;
    return Number(first) === rank ? Number(second ?? 0) : null;
  }
}

function padded(number: number, digits: number): string {
  return String(number).padStart(digits, "0");
}

function sync(path: string): void {
  using file = openFileSync(path, { write: true });
  file.syncSync();
}
