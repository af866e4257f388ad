/**
 * All keys seen so far, in bounded memory. They are appended to a file in order of arrival: its length is the
 * whole state. What does not fit in memory is also kept in sorted runs, which are made again from that file
 * where they are missing or too long.
 *
 * @module
 */
import { type KeyRange, KeyRun, mergeKeyRuns } from "./key_run.ts";
import { KeyTable } from "./key_table.ts";
import { openTruncated, writeAllSync } from "../../disk/exact_io.ts";
import { readFull } from "./whole_io.ts";

const FAN_IN = 8; // neighbouring runs of a size that become one: few runs to look in, each key rewritten log8 times
const BUFFER = 8192; // keys on their way to the file

/** How big the index may get, and where it stands. */
export interface KeyIndexOptions {
  /** Folder of its files, made if missing. */
  readonly dir: string;
  /** Most keys in memory; one takes up to 24 bytes. */
  readonly held: number;
  /** Go on after this many keys. Default 0: begin anew. */
  readonly count?: number;
}

/** A set of keys from 1 to 2^53 - 1, evenly spread. */
export class KeyIndex {
  readonly #dir: string;
  readonly #held: number;
  readonly #table = new KeyTable();
  readonly #log: Deno.FsFile;
  readonly #runs: KeyRun[] = []; // in order of arrival
  readonly #buffer = new Float64Array(BUFFER);
  #buffered = 0;
  #count = 0;

  /** Throws Deno.errors.InvalidData where its file is shorter than `count` keys or holds what is no key. */
  constructor(options: KeyIndexOptions) {
    const { dir, held, count = 0 } = options;
    if (!Number.isInteger(held) || held < 1) {
      throw new RangeError(`Cannot hold ${held} keys in memory: give a whole number from 1`);
    }
    [this.#dir, this.#held] = [dir, held];
    Deno.mkdirSync(dir, { recursive: true });
    this.#openRuns(count);
    this.#log = openTruncated(`${dir}/keys.seen`, 8 * count);
    this.#load(count);
  }

  /** Keys added: what a checkpoint holds. */
  get count(): number {
    return this.#count;
  }

  /** Whether the key was added before. */
  has(key: number): boolean {
    return this.#table.has(key) || this.#runs.some((run) => run.has(key));
  }

  /** Adds a key that is not there yet. */
  add(key: number): void {
    this.#buffer[this.#buffered++] = key;
    if (this.#buffered === BUFFER) this.#writeBuffer();
    this.#hold(key);
  }

  /** Brings to disk what was added. */
  sync(): void {
    this.#writeBuffer();
    this.#log.syncSync();
  }

  /** Closes its files, written up to the last key. */
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

  /** What memory holds becomes a run; runs of a size become one. */
  #spill(): void {
    const extent = { first: this.#count - this.#held, count: this.#held };
    this.#runs.push(KeyRun.write(this.#path(extent), extent, [this.#table.sorted()]));
    this.#table.clear();
    for (;;) {
      const last = this.#runs.slice(-FAN_IN);
      const { first, count } = last[0].range;
      if (last.length < FAN_IN || last.some(({ range }) => range.count !== count)) return;
      const joined = { first, count: FAN_IN * count };
      this.#runs.splice(-FAN_IN, FAN_IN, KeyRun.write(this.#path(joined), joined, mergeKeyRuns(last)));
      for (const run of last) {
        run.close();
        Deno.removeSync(run.path);
      }
    }
  }

  /** Takes up the runs that cover the first keys without a gap; the others go. */
  #openRuns(count: number): void {
    const found: KeyRange[] = [];
    for (const { name } of Deno.readDirSync(this.#dir)) {
      const match = /^keys\.(\d+)-(\d+)(\.part)?$/.exec(name);
      if (match === null) continue;
      const extent = { first: Number(match[1]), count: Number(match[2]) };
      if (match[3] === undefined && extent.first + extent.count <= count) found.push(extent);
      else Deno.removeSync(`${this.#dir}/${name}`);
    }
    // Of two that begin alike the longer is the join of the shorter with those after it.
    found.sort((a, b) => a.first - b.first || b.count - a.count);
    for (const extent of found) {
      const path = this.#path(extent);
      const run = extent.first === this.#count ? KeyRun.open(path, extent) : null;
      if (run === null) {
        Deno.removeSync(path);
        continue;
      }
      this.#runs.push(run);
      this.#count += extent.count;
    }
  }

  /** Reads the keys that no run holds back into memory. */
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
            `Cannot read ${path}: key ${this.#count} is ${key}, wanted a whole number below 2^53: begin anew with --resume never`,
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
