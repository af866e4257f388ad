/**
 * An index of all keys added so far, in bounded memory; a key is the hash of a signature's bucket. Keys are
 * appended to a log file in order of arrival, so a checkpoint needs to save only the number of keys. Keys
 * that do not fit into memory are also written to sorted runs on disk. After a resume, runs that are missing
 * or contain keys from after the checkpoint are replaced by new runs, which are made from the log.
 *
 * @module
 */
import { disk } from "../../disk/disk.ts";
import { openTruncated, writeAllSync } from "../../disk/exact_io.ts";
import { type KeyRange, KeyRun, mergeKeyRuns } from "./key_run.ts";
import { KeyTable } from "./key_table.ts";
import { readFull } from "./whole_io.ts";
import { entriesInSync, makeFolderSync } from "../../disk/files.ts";

// Number of consecutive runs of equal size that are merged into one. Merging keeps the number of runs small,
// and each of `n` keys is rewritten only log8(n) times.
const FAN_IN = 8;
const BUFFER = 8192; // keys collected before a write to the log

/** Where the index is stored, and how much memory it may use. */
export interface KeyIndexOptions {
  /** Folder of the index's files, created if missing. */
  readonly dir: string;
  /** Maximum number of keys in memory. A key takes up to 24 bytes. */
  readonly held: number;
  /** Number of keys in the checkpoint to resume from; default 0, which starts with an empty index. */
  readonly count?: number;
}

/** A set of keys that are integers from 1 to 2^53 - 1, evenly distributed. */
export class KeyIndex {
  readonly #dir: string;
  readonly #held: number;
  readonly #table = new KeyTable();
  readonly #log: Deno.FsFile;
  readonly #runs: KeyRun[] = []; // in order of arrival
  readonly #buffer = new Float64Array(BUFFER);
  #buffered = 0;
  #count = 0;

  /**
   * Opens or creates the index. Throws RangeError if `held` is not a positive integer,
   * Deno.errors.InvalidData if the log is shorter than `count` keys or contains an invalid key.
   */
  constructor(options: KeyIndexOptions) {
    const { dir, held, count = 0 } = options;
    if (!Number.isInteger(held) || held < 1) {
      throw new RangeError(`Cannot keep ${held} keys in memory: pass a positive integer`);
    }
    [this.#dir, this.#held] = [dir, held];
    makeFolderSync(dir);
    this.#openRuns(count);
    this.#log = openTruncated(`${dir}/keys.seen`, 8 * count);
    this.#load(count);
  }

  /** Number of keys, which a checkpoint saves. */
  get count(): number {
    return this.#count;
  }

  /** Returns whether the index contains a key. */
  has(key: number): boolean {
    return this.#table.has(key) || this.#runs.some((run) => run.has(key));
  }

  /** Adds a key that the index does not contain yet. */
  add(key: number): void {
    this.#buffer[this.#buffered++] = key;
    if (this.#buffered === BUFFER) this.#writeBuffer();
    this.#hold(key);
  }

  /** Writes all added keys to disk, with fsync. */
  sync(): void {
    this.#writeBuffer();
    this.#log.syncSync();
  }

  /** Writes the remaining keys and closes the files. */
  close(): void {
    this.#writeBuffer();
    this.#log.close();
    for (const run of this.#runs) run.close();
  }

  #writeBuffer(): void {
    writeAllSync(this.#log, this.#buffer.subarray(0, this.#buffered));
    this.#buffered = 0;
  }

  #hold(key: number): void {
    this.#table.add(key);
    this.#count++;
    if (this.#table.size === this.#held) this.#spill();
  }

  /**
   * Writes the keys in memory to a new run, then merges the newest runs as long as enough of them have the
   * same size.
   */
  #spill(): void {
    const range = { first: this.#count - this.#held, count: this.#held };
    this.#runs.push(KeyRun.write(this.#path(range), range, [this.#table.sorted()]));
    this.#table.clear();
    for (;;) {
      const last = this.#runs.slice(-FAN_IN);
      const { first, count } = last[0].range;
      if (last.length < FAN_IN || last.some(({ range }) => range.count !== count)) return;
      const joined = { first, count: FAN_IN * count };
      this.#runs.splice(-FAN_IN, FAN_IN, KeyRun.write(this.#path(joined), joined, mergeKeyRuns(last)));
      for (const run of last) {
        run.close();
        disk.removeSync(run.path);
      }
    }
  }

  /** Opens the runs that together contain the first keys without a gap, and deletes all others. */
  #openRuns(count: number): void {
    const found: KeyRange[] = [];
    for (const { name } of entriesInSync(this.#dir)) {
      const match = /^keys\.(\d+)-(\d+)(\.part)?$/.exec(name);
      if (match === null) continue;
      const range = { first: Number(match[1]), count: Number(match[2]) };
      if (match[3] === undefined && range.first + range.count <= count) found.push(range);
      else disk.removeSync(`${this.#dir}/${name}`);
    }
    // Of two runs with the same first key, the longer one is a merge of the shorter one with later runs.
    found.sort((a, b) => a.first - b.first || b.count - a.count);
    for (const range of found) {
      const path = this.#path(range);
      const run = range.first === this.#count ? KeyRun.open(path, range) : null;
      if (run === null) {
        disk.removeSync(path);
        continue;
      }
      this.#runs.push(run);
      this.#count += range.count;
    }
  }

  /** Reads from the log the keys that are in no run. */
  #load(count: number): void {
    const path = `${this.#dir}/keys.seen`;
    const part = new Float64Array(BUFFER);
    this.#log.seekSync(8 * this.#count, Deno.SeekMode.Start);
    while (this.#count < count) {
      const keys = part.subarray(0, Math.min(BUFFER, count - this.#count));
      readFull(this.#log, keys, path);
      for (const key of keys) {
        if (!(Number.isSafeInteger(key) && key > 0)) {
          this.close();
          throw new Deno.errors.InvalidData(
            `Cannot read ${path}: key ${this.#count} is ${key}, expected an integer from 1 to 2^53 - 1: ` +
              `start over with --resume never`,
          );
        }
        this.#hold(key);
      }
    }
  }

  #path({ first, count }: KeyRange): string {
    return `${this.#dir}/keys.${first}-${count}`;
  }
}
