/**
 * Documents set aside on disk until it is known which stay: an append-only file of parts, each its length in bytes,
 * its number of documents (4 bytes each, little-endian) and their JSON lines compressed.
 *
 * @module
 */
import { gunzipSync, gzipSync } from "node:zlib";
import type { Document } from "../../items.ts";
import { openTruncated, writeAllSync } from "../../disk/exact_io.ts";
import { readFull } from "./whole_io.ts";

const PART = 1 << 20; // characters: big enough to compress well, small enough to hold

/** Writes the file, or goes on with it. */
export class DocumentStore {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  #bytes: number;
  #held: string[] = [];
  #length = 0;

  /** Cuts the file at `path` back to `bytes`. Throws Deno.errors.InvalidData where it has fewer. */
  constructor(path: string, bytes: number) {
    [this.#path, this.#bytes] = [path, bytes];
    this.#file = openTruncated(path, bytes);
  }

  /** Length of the file: what a checkpoint holds, after `sync`. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Appends a document; its undecoded page is not kept. */
  add({ html: _, ...doc }: Document): void {
    const line = JSON.stringify(doc);
    this.#held.push(line);
    this.#length += line.length;
    if (this.#length >= PART) this.#write();
  }

  /** Brings to disk what was added. */
  sync(): void {
    this.#write();
    this.#file.syncSync();
  }

  /** Closes the file, written up to the last document. */
  close(): void {
    this.#write();
    this.#file.close();
  }

  /** The documents from number `first` on, in order. Throws Deno.errors.InvalidData for a part that is damaged. */
  *read(first: number): Generator<Document> {
    this.#write();
    using file = Deno.openSync(this.#path, { read: true });
    const head = new Uint32Array(2);
    for (let at = 0, number = 0; at < this.#bytes;) {
      readFull(file, head, this.#path);
      const [length, count] = head;
      if (number + count <= first) {
        file.seekSync(length, Deno.SeekMode.Current);
      } else {
        const lines = this.#part(file, { at, length });
        if (lines.length !== count) throw this.#damaged(at, `has ${lines.length} documents, wanted ${count}`);
        for (const line of lines.slice(Math.max(0, first - number))) yield JSON.parse(line);
      }
      number += count;
      at += 8 + length;
    }
  }

  #write(): void {
    if (this.#held.length === 0) return;
    const part = gzipSync(this.#held.join("\n"), { level: 1 }); // read once, soon
    writeAllSync(this.#file, Uint32Array.of(part.length, this.#held.length));
    writeAllSync(this.#file, new Uint8Array(part));
    this.#bytes += 8 + part.length;
    this.#held = [];
    this.#length = 0;
  }

  #part(file: Deno.FsFile, { at, length }: { at: number; length: number }): string[] {
    if (at + 8 + length > this.#bytes) throw this.#damaged(at, `has ${length} bytes, the file ends before`);
    const bytes = new Uint8Array(length);
    readFull(file, bytes, this.#path);
    try {
      return new TextDecoder().decode(gunzipSync(bytes)).split("\n");
    } catch (cause) {
      throw this.#damaged(at, "does not decompress", cause);
    }
  }

  #damaged(at: number, why: string, cause?: unknown): Error {
    return new Deno.errors.InvalidData(
      `Cannot read ${this.#path}: the part at byte ${at} ${why}: begin anew with --resume never`,
      { cause },
    );
  }
}
