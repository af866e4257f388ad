/**
 * The log of signatures in order of arrival: an append-only file of records. A record consists of the hashes
 * of all buckets and the document's index. The sorted files of `sortSignatures` can always be recreated from
 * the log.
 *
 * @module
 */
import { openTruncated, writeAllSync } from "../../disk/exact_io.ts";

const BUFFER = 256; // records collected before a write

/** A log, open for appending. */
export class SignatureLog {
  readonly #file: Deno.FsFile;
  readonly #buffer: Uint8Array<ArrayBuffer>;
  readonly #record: number;
  #held = 0;
  #count: number;

  /**
   * Opens or creates the log at `path` and truncates it to `count` records, each with a signature of `bytes`
   * bytes. Throws Deno.errors.InvalidData if it is shorter.
   */
  constructor(path: string, { bytes, count }: { readonly bytes: number; readonly count: number }) {
    this.#record = bytes + 4;
    this.#buffer = new Uint8Array(BUFFER * this.#record);
    this.#count = count;
    this.#file = openTruncated(path, count * this.#record);
  }

  /** Number of records. */
  get count(): number {
    return this.#count;
  }

  /** Appends the signature of the document with this index. */
  add(signature: Uint8Array, document: number): void {
    const at = this.#held++ * this.#record;
    this.#buffer.set(signature, at);
    new DataView(this.#buffer.buffer).setUint32(at + signature.length, document, true);
    this.#count++;
    if (this.#held === BUFFER) this.#write();
  }

  /** Writes all added records to disk, with fsync. */
  sync(): void {
    this.#write();
    this.#file.syncSync();
  }

  /** Writes the remaining records and closes the file. */
  close(): void {
    this.#write();
    this.#file.close();
  }

  #write(): void {
    writeAllSync(this.#file, this.#buffer.subarray(0, this.#held * this.#record));
    this.#held = 0;
  }
}
