/**
 * A run: sorted keys on disk, each a little-endian float64. The first key of every block of 4 KiB is kept in
 * memory, so that a lookup reads only one block.
 *
 * @module
 */
import { writeAllSync } from "../../disk/exact_io.ts";
import { replaceWholeSync } from "../../disk/whole_files.ts";
import { readFull } from "./whole_io.ts";
import { openFileSync } from "../../disk/files.ts";

const BLOCK = 512; // keys per block
const BUFFER = 8192; // keys read or written at a time during a merge

type Keys = Float64Array<ArrayBuffer>;

/** The keys that a run contains: `count` keys, starting at index `first` in the order of arrival. */
export type KeyRange = Readonly<{ first: number; count: number }>;

/** A run, open for lookups. */
export class KeyRun {
  readonly #file: Deno.FsFile;
  readonly #fences: Float64Array;
  readonly #block = new Float64Array(BLOCK);

  private constructor(
    readonly path: string,
    readonly range: KeyRange,
    opened: Pick<OpenRun, "file" | "fences">,
  ) {
    this.#file = opened.file;
    this.#fences = opened.fences;
  }

  /** Opens the run at `path`; null if its length is wrong or its blocks are not in order. */
  static open(path: string, range: KeyRange): KeyRun | null {
    const file = openFileSync(path, { read: true });
    const fences = new Float64Array(Math.ceil(range.count / BLOCK));
    const one = new Float64Array(1);
    let whole = file.statSync().size === 8 * range.count;
    for (let i = 0; i < fences.length && whole; i++) {
      file.seekSync(8 * BLOCK * i, Deno.SeekMode.Start);
      readFull(file, one, path);
      fences[i] = one[0];
      whole = i === 0 || fences[i] > fences[i - 1];
    }
    if (whole) return new KeyRun(path, range, { file, fences });
    file.close();
    return null;
  }

  /** Writes ascending keys to a new run, atomically, and opens it. */
  static write(path: string, range: KeyRange, keys: Iterable<Keys>): KeyRun {
    const fences: number[] = [];
    let written = 0;
    replaceWholeSync(path, (file) => {
      for (const part of keys) {
        for (let i = (BLOCK - written % BLOCK) % BLOCK; i < part.length; i += BLOCK) fences.push(part[i]);
        written += part.length;
        writeAllSync(file, part);
      }
    });
    const file = openFileSync(path, { read: true });
    return new KeyRun(path, range, { file, fences: Float64Array.from(fences) });
  }

  /** Returns whether the run contains a key. */
  has(key: number): boolean {
    const block = lastAtMost(this.#fences, { key, end: this.#fences.length });
    if (block < 0) return false;
    const first = block * BLOCK;
    const keys = this.#block.subarray(0, Math.min(BLOCK, this.range.count - first));
    this.#file.seekSync(8 * first, Deno.SeekMode.Start);
    readFull(this.#file, keys, this.path);
    return keys[lastAtMost(keys, { key, end: keys.length })] === key;
  }

  /** Yields all keys in ascending order, in parts. Each part is overwritten by the next one. */
  *read(): Generator<Keys> {
    const buffer = new Float64Array(BUFFER);
    for (let at = 0; at < this.range.count; at += BUFFER) {
      const part = buffer.subarray(0, Math.min(BUFFER, this.range.count - at));
      this.#file.seekSync(8 * at, Deno.SeekMode.Start);
      readFull(this.#file, part, this.path);
      yield part;
    }
  }

  /** Closes the file. */
  close(): void {
    this.#file.close();
  }
}

/** The open file of a run, and the first key of each of its blocks. */
interface OpenRun {
  readonly file: Deno.FsFile;
  readonly fences: Float64Array;
}

/**
 * Yields the keys of several runs as one ascending sequence, in parts. Each part is overwritten by the next
 * one.
 */
export function* mergeKeyRuns(runs: readonly KeyRun[]): Generator<Keys> {
  const heads = runs.map((run) => ({ parts: run.read(), part: new Float64Array(0), at: 0 }));
  const refill = (head: (typeof heads)[number]): boolean => {
    const next = head.parts.next();
    if (next.done) return false;
    [head.part, head.at] = [next.value, 0];
    return true;
  };
  let open = heads.filter(refill);
  const out = new Float64Array(BUFFER);
  let held = 0;
  while (open.length > 0) {
    let least = open[0];
    for (const head of open) if (head.part[head.at] < least.part[least.at]) least = head;
    out[held++] = least.part[least.at++];
    if (least.at === least.part.length && !refill(least)) open = open.filter((head) => head !== least);
    if (held === BUFFER) {
      yield out;
      held = 0;
    }
  }
  if (held > 0) yield out.subarray(0, held);
}

/**
 * Searches the first `end` keys, which ascend, for the last one that is at most `key`. Returns its index, or
 * -1 if there is none.
 */
function lastAtMost(
  keys: Float64Array,
  { key, end }: { readonly key: number; readonly end: number },
): number {
  let low = 0, high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle] <= key) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
