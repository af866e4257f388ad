/**
 * Reads the sorted signatures of one bucket, in datatrove's format `.minhash.sig`. A record consists of the
 * bucket's hashes (8 bytes each) and the document's index (4 bytes), all little-endian.
 *
 * @module
 */
import { createHash, type Hash } from "node:crypto";
import { readFull } from "./whole_io.ts";
import { fileInfoSync, openFileSync } from "../../disk/files.ts";

/** A file of sorted signatures, and the values that it is checked against. */
export interface SignatureFile {
  /** Path of the file. */
  readonly path: string;
  /** Number of hashes per record. */
  readonly rows: number;
  /** Number of records. */
  readonly records: number;
  /** Number of documents in the set, which is greater than any document index. */
  readonly documents: number;
  /** Rank of the set that the file belongs to. Of equal signatures, the one of the lower rank comes first. */
  readonly rank: number;
  /** Bytes to read at a time (default 64 KiB). */
  readonly buffer?: number;
  /** SHA-256 of the file as hexadecimal digits, checked after the last record. */
  readonly sha256?: string;
}

/**
 * A reader with a current record, which `next` advances. The file is open only while the buffer is filled, so
 * that any number of files can be merged whatever the system's limit on open files.
 */
export class SignatureReader {
  readonly rank: number;
  /** Buffered records as 32-bit words. */
  words: Uint32Array<ArrayBuffer>;
  /** Index in `words` at which the current record begins. */
  at = 0;
  readonly #source: SignatureFile;
  readonly #width: number;
  #sum: Hash | null;
  readonly #last: Uint32Array<ArrayBuffer>;
  #read = 0; // number of records read so far, including the current one
  #end = 0; // number of buffered words

  /**
   * Checks the file; `next` then reads the first record. Throws Deno.errors.InvalidData if its length is
   * wrong.
   */
  constructor(source: SignatureFile) {
    const { path, rows, records, rank, buffer = 65536, sha256 } = source;
    this.#source = source;
    this.rank = rank;
    this.#width = 2 * rows + 1;
    this.words = new Uint32Array(this.#width * Math.max(1, Math.floor(buffer / (4 * this.#width))));
    this.#last = new Uint32Array(this.#width);
    this.#sum = sha256 === undefined ? null : createHash("sha256");
    const { size } = fileInfoSync(path), expected = 4 * this.#width * records;
    if (size === expected) return;
    throw this.#invalid(
      `it has ${size} bytes, but ${records} records of ${4 * this.#width} bytes have ${expected}`,
    );
  }

  /** Document index of the current record. */
  get document(): number {
    return this.words[this.at + this.#width - 1];
  }

  /**
   * Advances to the next record; false at the end of the file. Throws Deno.errors.InvalidData for a record
   * that is out of order or has an invalid document index, and for a wrong checksum.
   */
  next(): boolean {
    if (this.#read === this.#source.records) return this.#finish();
    if (this.#read > 0) this.#last.set(this.words.subarray(this.at, this.at + this.#width));
    this.at += this.#width;
    if (this.at >= this.#end) this.#fill();
    if (this.#read > 0 && order(this.#last, 0, this.words, this.at, this.#width) > 0) {
      throw this.#invalid(`record ${this.#read + 1} is less than the one before it`);
    }
    if (this.document >= this.#source.documents) {
      throw this.#invalid(
        `record ${
          this.#read + 1
        } is of document ${this.document}, but there are only ${this.#source.documents}`,
      );
    }
    this.#read++;
    return true;
  }

  /** Compares the current records of two readers by hashes, then by rank, then by document index. */
  compare(other: SignatureReader): number {
    const hashes = order(this.words, this.at, other.words, other.at, this.#width - 1);
    return hashes || this.rank - other.rank || this.document - other.document;
  }

  /** Returns the bytes of the current record, as a view. */
  record(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.words.buffer, 4 * this.at, 4 * this.#width);
  }

  #fill(): void {
    const left = (this.#source.records - this.#read) * this.#width;
    const part = this.words.subarray(0, Math.min(this.words.length, left));
    using file = openFileSync(this.#source.path, { read: true });
    file.seekSync(4 * this.#width * this.#read, Deno.SeekMode.Start);
    readFull(file, part, this.#source.path);
    this.#sum?.update(new Uint8Array(part.buffer, 0, part.byteLength));
    this.at = 0;
    this.#end = part.length;
  }

  #finish(): false {
    const { sha256 } = this.#source;
    const sum = this.#sum?.digest("hex") ?? sha256;
    this.#sum = null;
    if (sum !== sha256) throw this.#invalid(`its SHA-256 is ${sum}, expected ${sha256}`);
    return false;
  }

  #invalid(why: string): Error {
    return new Deno.errors.InvalidData(
      `Cannot read the signatures in ${this.#source.path}: ${why}: sign the documents again`,
    );
  }
}

/**
 * Compares `width` words: 64-bit hashes, each with its low word first, then the document index if `width` is
 * odd.
 */
function order(a: Uint32Array, from: number, b: Uint32Array, other: number, width: number): number {
  for (let i = 0; i + 1 < width; i += 2) {
    const high = a[from + i + 1] - b[other + i + 1];
    if (high !== 0) return high;
    const low = a[from + i] - b[other + i];
    if (low !== 0) return low;
  }
  return width % 2 === 1 ? a[from + width - 1] - b[other + width - 1] : 0;
}

/**
 * Merges several files into one sorted sequence. For each record of the sequence, yields the reader that is
 * at this record.
 */
export function* mergeSignatures(readers: readonly SignatureReader[]): Generator<SignatureReader> {
  const heap: SignatureReader[] = []; // a binary heap: no parent is greater than its children
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
