/**
 * Which document stands where in a training shard: `train_000000.documents.jsonl` beside it, a line `[first
 * token, id]` a document, in order. So a batch that spoils a run can be named by its documents.
 *
 * @module
 */
import { readFullSync } from "../disk/exact_io.ts";
import type { TokenShard } from "../items.ts";
import { writeAllSync } from "../disk/exact_io.ts";
import { openFileSync } from "../disk/files.ts";

/** The index's path for a shard's. */
export function indexPath(shard: string): string {
  return `${shard.replace(/\.bin$/, "")}.documents.jsonl`;
}

/** An index that grows with its shard. */
export class DocumentIndex {
  readonly #file: Deno.FsFile;
  #bytes: number;
  #lines: string[] = [];

  /** Goes on after the first `bytes` bytes of the shard's index; what was written after them goes. */
  constructor(shard: string, bytes: number) {
    this.#file = openFileSync(indexPath(shard), { read: true, write: true, create: true });
    this.#bytes = Math.min(bytes, this.#file.statSync().size);
    this.#file.truncateSync(this.#bytes);
    this.#file.seekSync(this.#bytes, Deno.SeekMode.Start);
  }

  /** A document begins at token `start` of the shard; on disk with the next `flush`. */
  add(start: number, id: string): void {
    this.#lines.push(`${JSON.stringify([start, id])}\n`);
  }

  /** Writes what was added; gives the index's length in bytes. Throws Error where the disk is full. */
  flush(): number {
    if (this.#lines.length === 0) return this.#bytes;
    const bytes = new TextEncoder().encode(this.#lines.join(""));
    writeAllSync(this.#file, bytes);
    this.#lines = [];
    return this.#bytes += bytes.length;
  }

  /** Returns when what was written would outlast a power cut. */
  async sync(): Promise<void> {
    await this.#file.syncData();
  }

  /** Writes what was added, and closes the file. */
  close(): void {
    try {
      this.flush();
    } finally {
      this.#file.close();
    }
  }
}

/** Ids of the documents that tokens of a shard are of, in order; empty where the shard has no index. */
export function documentsAt({ path, start, count }: TokenShard): readonly string[] {
  const found: string[] = [];
  for (const line of linesOf(indexPath(path))) {
    const entry = parsed(line);
    if (entry === null) continue; // the end of a line that is being written
    if (entry.start >= start + count) break;
    if (entry.start <= start) found.length = 0; // an earlier one ends before
    found.push(entry.id);
  }
  return found;
}

function linesOf(path: string): readonly string[] {
  try {
    using file = openFileSync(path);
    const bytes = new Uint8Array(file.statSync().size);
    readFullSync(file, bytes, { path });
    return new TextDecoder().decode(bytes).split("\n");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function parsed(line: string): { readonly start: number; readonly id: string } | null {
  try {
    const [start, id]: unknown[] = JSON.parse(line);
    return typeof start === "number" && typeof id === "string" ? { start, id } : null;
  } catch {
    return null;
  }
}
