/**
 * Signatures in order of arrival: an append-only file of records, the buckets' hashes and the document's
 * number. It is the whole truth about a set of documents; what `sortSignatures` makes of it can be made
 * again.
 *
 * @module
 */
import { openTruncated, writeAllSync } from "../../disk/exact_io.ts";

const BUFFER = 256; // records

/** Writes the file, or goes on with it. */
export class SignatureLog {
  readonly #file: Deno.FsFile;
  readonly #buffer: Uint8Array<ArrayBuffer>;
  readonly #record: number;
  #held = 0;
  #count: number;

  /**
   * Cuts the file at `path` back to `count` records. `bytes`: a signature's. Throws Deno.errors.InvalidData
   * where it has fewer.
   */
  constructor(path: string, { bytes, count }: { readonly bytes: number; readonly count: number }) {
    this.#record = bytes + 4;
    this.#buffer = new Uint8Array(BUFFER * this.#record);
    this.#count = count;
    this.#file = openTruncated(path, count * this.#record);
  }

  /** Records written or held. */
  get count(): number {
    return this.#count;
  }

  /** Appends a signature. */
  add(signature: Uint8Array, document: number): void {
    const at = this.#held++ * this.#record;
    this.#buffer.set(signature, at);
    new DataView(this.#buffer.buffer).setUint32(at + signature.length, document, true);
    this.#count++;
    if (this.#held === BUFFER) this.#write();
  }

  /** Brings to disk what was added. */
  sync(): void {
    this.#write();
    this.#file.syncSync();
  }

  /** Closes the file, written up to the last record. */
  close(): void {
    this.#write();
    this.#file.close();
  }

  #write(): void {
    writeAllSync(this.#file, this.#buffer.subarray(0, this.#held * this.#record));
    this.#held = 0;
  }
}
