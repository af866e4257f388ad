/**
 * Reads a binary header from a file, one value after the other.
 *
 * @module
 */
import { readFullSync } from "../../../disk/exact_io.ts";

const CHUNK = 1 << 20; // bytes read at a time; a longer string is read at once

/** A position in a file whose size is known, little-endian. */
export class ByteCursor {
  /** Number of bytes in the file. */
  readonly size: number;
  readonly #file: Deno.FsFile;
  readonly #path: string;
  #chunk: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #start = 0; // position of the chunk in the file
  #next = 0; // position of the next value in the file

  /** `path` is for error messages. */
  constructor(file: Deno.FsFile, { path, size }: { readonly path: string; readonly size: number }) {
    this.#file = file;
    this.#path = path;
    this.size = size;
  }

  /** Position of the next value in the file. */
  get at(): number {
    return this.#next;
  }

  /** Returns a view of the next `length` bytes, valid until the next call. Throws at the end of the file. */
  view(length: number): DataView {
    if (this.size - this.#next < length) {
      throw this.refused(`it ends ${length} bytes too early, at byte ${this.size}`);
    }
    if (this.#next + length > this.#start + this.#chunk.length) {
      const bytes = Math.min(Math.max(CHUNK, length), this.size - this.#next);
      this.#chunk = new Uint8Array(bytes);
      this.#file.seekSync(this.#next, Deno.SeekMode.Start);
      readFullSync(this.#file, this.#chunk, { path: this.#path });
      this.#start = this.#next;
    }
    const view = new DataView(this.#chunk.buffer, this.#next - this.#start, length);
    this.#next += length;
    return view;
  }

  /** Reads an unsigned integer of 32 bits. */
  u32(): number {
    return this.view(4).getUint32(0, true);
  }

  /** Reads an unsigned integer of 64 bits. Throws if it is not exact as a number. */
  u64(): number {
    const value = Number(this.view(8).getBigUint64(0, true));
    if (Number.isSafeInteger(value)) return value;
    throw this.refused(`a size is ${value}, more than 2^53`);
  }

  /**
   * Reads the number of things that each take at least `least` bytes. Throws if the file cannot hold them.
   */
  count(least: number, what: string): number {
    const value = this.u64();
    if (value <= (this.size - this.#next) / least) return value;
    throw this.refused(`it says that ${value} ${what} follow, more than its ${this.size} bytes hold`);
  }

  /** Reads a string after its length. */
  string(): string {
    return this.text(this.count(1, "characters of a string"));
  }

  /** Reads a string of `length` bytes. Invalid UTF-8 becomes U+FFFD: some vocabularies have such tokens. */
  text(length: number): string {
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(this.view(length));
  }

  /** Returns an error that names the file and the position. */
  refused(why: string): Error {
    return new Deno.errors.InvalidData(
      `Cannot read ${this.#path} as GGUF, before byte ${this.#next}: ${why}`,
    );
  }
}
