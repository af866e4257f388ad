/**
 * Stores documents on disk until it is known which of them are kept. The file is append-only and consists of
 * parts. A part consists of its compressed length in bytes and its number of documents, each in 4 bytes,
 * little-endian, and then the documents as gzip-compressed JSON lines.
 *
 * @module
 */
import { gunzipSync, gzipSync } from "node:zlib";
import { openTruncated, writeAllSync } from "../../disk/exact_io.ts";
import type { Document } from "../../items.ts";
import { readFull } from "./whole_io.ts";
import { openFileSync } from "../../disk/files.ts";

const PART = 1 << 20; // characters per part: enough to compress well, and few enough to keep in memory

/** A file of documents, open for appending and reading. */
export class DocumentStore {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  #bytes: number;
  #held: string[] = [];
  #length = 0;

  /**
   * Opens or creates the file and truncates it to `bytes`. Throws Deno.errors.InvalidData if it is shorter.
   */
  constructor(path: string, bytes: number) {
    [this.#path, this.#bytes] = [path, bytes];
    this.#file = openTruncated(path, bytes);
  }

  /** Length of the file in bytes, which a checkpoint saves after `sync`. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Appends a document without its `html`. */
  add({ html: _, ...doc }: Document): void {
    const line = JSON.stringify(doc);
    this.#held.push(line);
    this.#length += line.length;
    if (this.#length >= PART) this.#write();
  }

  /** Writes all added documents to disk, with fsync. */
  sync(): void {
    this.#write();
    this.#file.syncSync();
  }

  /** Writes the remaining documents and closes the file. */
  close(): void {
    this.#write();
    this.#file.close();
  }

  /**
   * Yields the documents from index `first` on, in order. Throws Deno.errors.InvalidData for a damaged part.
   */
  *read(first: number): Generator<Document> {
    this.#write();
    using file = openFileSync(this.#path, { read: true });
    const head = new Uint32Array(2);
    for (let at = 0, number = 0; at < this.#bytes;) {
      readFull(file, head, this.#path);
      const [length, count] = head;
      if (number + count <= first) {
        file.seekSync(length, Deno.SeekMode.Current);
      } else {
        const lines = this.#part(file, { at, length });
        if (lines.length !== count) {
          throw this.#damaged(at, `has ${lines.length} documents instead of ${count}`);
        }
        for (const line of lines.slice(Math.max(0, first - number))) yield JSON.parse(line);
      }
      number += count;
      at += 8 + length;
    }
  }

  #write(): void {
    if (this.#held.length === 0) return;
    const part = gzipSync(this.#held.join("\n"), { level: 1 }); // fastest level: the file is read only once
    writeAllSync(this.#file, Uint32Array.of(part.length, this.#held.length));
    writeAllSync(this.#file, new Uint8Array(part));
    this.#bytes += 8 + part.length;
    this.#held = [];
    this.#length = 0;
  }

  #part(file: Deno.FsFile, { at, length }: { at: number; length: number }): string[] {
    if (at + 8 + length > this.#bytes) {
      throw this.#damaged(at, `has ${length} bytes, but the file is shorter`);
    }
    const bytes = new Uint8Array(length);
    readFull(file, bytes, this.#path);
    try {
      return new TextDecoder().decode(gunzipSync(bytes)).split("\n");
    } catch (cause) {
      throw this.#damaged(at, "cannot be decompressed", cause);
    }
  }

  #damaged(at: number, why: string, cause?: unknown): Error {
    return new Deno.errors.InvalidData(
      `Cannot read ${this.#path}: the part at byte ${at} ${why}: start over with --resume never`,
      { cause },
    );
  }
}
