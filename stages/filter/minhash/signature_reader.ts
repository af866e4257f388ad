/**
 * Sorted signatures of one bucket: records of the bucket's hashes, 8 bytes each, and the document's number, 4
 * bytes, all little-endian; datatrove's `.minhash.sig`.
 *
 * @module
 */
import { createHash, type Hash } from "node:crypto";
import { readFull } from "./whole_io.ts";

/** What is to be read. */
export interface SignatureFile {
  readonly path: string;
  /** Hashes a record. */
  readonly rows: number;
  /** How many records it holds. */
  readonly records: number;
  /** Documents have numbers below it. */
  readonly documents: number;
  /** The rank of the set it belongs to: of equal signatures the lower rank comes first. */
  readonly rank: number;
  /** Bytes read at a time (default 64 KiB). */
  readonly buffer?: number;
  /** SHA-256 of the file, in hexadecimal digits: checked when its last record has been read. */
  readonly sha256?: string;
}

/** Stands on one record after the other. */
export class SignatureReader {
  readonly rank: number;
  /** The records in memory, in 32-bit words. */
  words: Uint32Array<ArrayBuffer>;
  /** Where the record that it stands on begins in `words`. */
  at = 0;
  readonly #source: SignatureFile;
  readonly #file: Deno.FsFile;
  readonly #width: number;
  #sum: Hash | null;
  readonly #last: Uint32Array<ArrayBuffer>;
  #read = 0; // records up to the one that it stands on
  #end = 0; // words in memory

  /** Opens the file, before its first record. Throws Deno.errors.InvalidData for one of another length. */
  constructor(source: SignatureFile) {
    const { path, rows, records, rank, buffer = 65536, sha256 } = source;
    this.#source = source;
    this.rank = rank;
    this.#width = 2 * rows + 1;
    this.words = new Uint32Array(this.#width * Math.max(1, Math.floor(buffer / (4 * this.#width))));
    this.#last = new Uint32Array(this.#width);
    this.#sum = sha256 === undefined ? null : createHash("sha256");
    this.#file = Deno.openSync(path, { read: true });
    const { size } = this.#file.statSync(), wanted = 4 * this.#width * records;
    if (size === wanted) return;
    this.close();
    throw this.#wrong(`it has ${size} bytes, ${records} records of ${4 * this.#width} have ${wanted}`);
  }

  /** The document of the record that it stands on. */
  get document(): number {
    return this.words[this.at + this.#width - 1];
  }

  /**
   * Goes to the next record; false at the end. Throws Deno.errors.InvalidData for what no sorted file holds.
   */
  next(): boolean {
    if (this.#read === this.#source.records) return this.#finish();
    if (this.#read > 0) this.#last.set(this.words.subarray(this.at, this.at + this.#width));
    this.at += this.#width;
    if (this.at >= this.#end) this.#fill();
    if (this.#read > 0 && order(this.#last, 0, this.words, this.at, this.#width) > 0) {
      throw this.#wrong(`record ${this.#read} is less than the one before it`);
    }
    if (this.document >= this.#source.documents) {
      throw this.#wrong(
        `record ${this.#read} is of document ${this.document}, there are ${this.#source.documents}`,
      );
    }
    this.#read++;
    return true;
  }

  /** Order by hashes, then by rank, then by document. */
  compare(other: SignatureReader): number {
    const hashes = order(this.words, this.at, other.words, other.at, this.#width - 1);
    return hashes || this.rank - other.rank || this.document - other.document;
  }

  /** The bytes of the record that it stands on. */
  record(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.words.buffer, 4 * this.at, 4 * this.#width);
  }

  /** Closes the file. */
  close(): void {
    this.#file.close();
  }

  #fill(): void {
    const left = (this.#source.records - this.#read) * this.#width;
    const part = this.words.subarray(0, Math.min(this.words.length, left));
    readFull(this.#file, part, this.#source.path);
    this.#sum?.update(new Uint8Array(part.buffer, 0, part.byteLength));
    this.at = 0;
    this.#end = part.length;
  }

  #finish(): false {
    const { sha256 } = this.#source;
    const sum = this.#sum?.digest("hex") ?? sha256;
    this.#sum = null;
    if (sum !== sha256) throw this.#wrong(`its SHA-256 is ${sum}, was written as ${sha256}`);
    return false;
  }

  #wrong(why: string): Error {
    return new Deno.errors.InvalidData(
      `Cannot read the signatures in ${this.#source.path}: ${why}: sign the documents again`,
    );
  }
}

/** Compares hashes of 64 bits, low words first, and what follows them. */
function order(a: Uint32Array, from: number, b: Uint32Array, other: number, width: number): number {
  for (let i = 0; i + 1 < width; i += 2) {
    const high = a[from + i + 1] - b[other + i + 1];
    if (high !== 0) return high;
    const low = a[from + i] - b[other + i];
    if (low !== 0) return low;
  }
  return width % 2 === 1 ? a[from + width - 1] - b[other + width - 1] : 0;
}

/** The records of several files as one sorted sequence: each time the reader that stands on the next one. */
export function* mergeSignatures(readers: readonly SignatureReader[]): Generator<SignatureReader> {
  const heap: SignatureReader[] = []; // a parent is no greater than its children
  const sink = (reader: SignatureReader): void => {
    let at = 0;
    for (;;) {
      let least = 2 * at + 1;
      if (least >= heap.length) break;
      if (least + 1 < heap.length && heap[least + 1].compare(heap[least]) < 0) least++;
      if (reader.compare(heap[least]) <= 0) break;
      heap[at] = heap[least];
      at = least;
    }
    heap[at] = reader;
  };
  const open = readers.filter((reader) => reader.next()).sort((a, b) => a.compare(b));
  heap.push(...open);
  while (heap.length > 0) {
    const reader = heap[0];
    yield reader;
    const next = reader.next() ? reader : heap.pop();
    if (heap.length > 0 && next !== undefined) sink(next);
  }
}
