/**
 * The index of the documents in a training shard, so that a batch that makes the loss spike can be traced to
 * its documents. `train_000000.documents.jsonl` beside the shard has a line `[first token, id]` per document.
 *
 * @module
 */
import { readFullSync, writeAllSync } from "../disk/exact_io.ts";
import { openFileSync } from "../disk/files.ts";
import type { TokenShard } from "../items.ts";

/** Returns the path of the index of a shard. */
export function indexPath(shard: string): string {
  return `${shard.replace(/\.bin$/, "")}.documents.jsonl`;
}

/** An index that is written together with its shard. */
export class DocumentIndex {
  readonly #file: Deno.FsFile;
  #bytes: number;
  #lines: string[] = [];

  /** Truncates the index of a shard to `bytes` bytes and continues writing there. */
  constructor(shard: string, bytes: number) {
    this.#file = openFileSync(indexPath(shard), { read: true, write: true, create: true });
    this.#bytes = Math.min(bytes, this.#file.statSync().size);
    this.#file.truncateSync(this.#bytes);
    this.#file.seekSync(this.#bytes, Deno.SeekMode.Start);
  }

  /** Adds a document that begins at token `start` of the shard. The next `flush` writes it. */
  add(start: number, id: string): void {
    this.#lines.push(`${JSON.stringify([start, id])}\n`);
  }

  /** Writes the documents added since the last call; returns the length of the index in bytes. */
  flush(): number {
    if (this.#lines.length === 0) return this.#bytes;
    const bytes = new TextEncoder().encode(this.#lines.join(""));
    writeAllSync(this.#file, bytes);
    this.#lines = [];
    return this.#bytes += bytes.length;
  }

  /** Resolves once everything written would survive a power cut. */
  async sync(): Promise<void> {
    await this.#file.syncData();
  }

  /** Writes the documents added since the last `flush`, syncs and closes the file. */
  close(): void {
    try {
      this.flush();
      this.#file.syncDataSync(); // no later checkpoint rewinds the index of a sealed shard
    } finally {
      this.#file.close();
    }
  }
}

/**
 * Returns the ids of the documents from which a range of a shard's tokens comes, in order; the list is empty
 * if the shard has no index.
 */
export function documentsAt({ path, start, count }: TokenShard): readonly string[] {
  const found: string[] = [];
  for (const line of linesOf(indexPath(path))) {
    const entry = parsed(line);
    if (entry === null) continue; // the last line may be incomplete while it is being written
    if (entry.start >= start + count) break;
    if (entry.start <= start) found.length = 0; // the documents found so far end before `start`
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
