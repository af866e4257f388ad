/**
 * Numbered files in a folder, of which the last one grows: it is called `….partial` until it is whole, and a
 * resume cuts it back to the byte.
 *
 * @module
 */
import { writeAllSync } from "../disk/exact_io.ts";
import { entriesInSync, fileInfoSync, makeFolderSync, openFileSync } from "../disk/files.ts";

/** Which file grows, and how far it has come. */
export interface GrowingState {
  /** Its number. */
  file: number;
  /** Its length on disk. */
  bytes: number;
}

/** Where the files are and what they are called. */
export interface GrowingFilesOptions {
  /** Made if missing. */
  readonly dir: string;
  /** Begins with a point: ".jsonl.gz". */
  readonly ending: string;
  /** Of the process, where several write into one folder; null: this one alone. */
  readonly rank: number | null;
}

/**
 * The files `00000`, `00001`, …; of process 3 among several `00003`, `00003_001`, …: its own and no other's.
 */
export class GrowingFiles {
  readonly #options: GrowingFilesOptions;

  /** Makes the folder. Throws what the disk says. */
  constructor(options: GrowingFilesOptions) {
    this.#options = options;
    makeFolderSync(options.dir);
  }

  /** Where a file is once it is whole. */
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
    state.bytes += data.length;
  }

  /** Brings the growing file to disk. */
  sync({ file, bytes }: GrowingState): void {
    if (bytes > 0) sync(`${this.path(file)}.partial`);
  }

  /** The growing file is whole: it gets its name, and the next one begins. */
  seal(state: GrowingState): void {
    if (state.bytes === 0) return;
    this.sync(state);
    Deno.renameSync(`${this.path(state.file)}.partial`, this.path(state.file));
    state.file++;
    state.bytes = 0;
  }

  /**
   * Makes the folder what it was when `state` was saved: later files go, the growing one is cut back. Throws
   * RangeError where it has lost bytes.
   */
  rewind(state: GrowingState): void {
    const { dir } = this.#options;
    for (const { name } of entriesInSync(dir)) {
      const number = this.#numberOf(name);
      if (number === null || number < state.file || number === state.file && state.bytes > 0) continue;
      Deno.removeSync(`${dir}/${name}`);
    }
    if (state.bytes === 0) return;
    const partial = `${this.path(state.file)}.partial`;
    try {
      Deno.renameSync(this.path(state.file), partial); // it had been sealed after the checkpoint
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    const { size } = fileInfoSync(partial);
    if (size < state.bytes) {
      throw new RangeError(
        `Cannot go on writing ${partial}: it has ${size} bytes, the checkpoint says ${state.bytes}: begin anew with --resume never`,
      );
    }
    Deno.truncateSync(partial, state.bytes);
  }

  /** The number of a file with this name, whole or not; null for another's. */
  #numberOf(name: string): number | null {
    const { ending, rank } = this.#options;
    const whole = name.replace(/\.partial$/, "");
    const found = /^(\d{5,})(?:_(\d{3,}))?$/.exec(
      whole.endsWith(ending) ? whole.slice(0, -ending.length) : "",
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
