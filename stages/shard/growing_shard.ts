/**
 * A shard that is being written. It is called `NAME.bin.partial` until it is sealed. Sealing writes the
 * number of tokens into its header and renames it to `NAME.bin`.
 *
 * @module
 */
import { disk } from "../disk/disk.ts";
import { openTruncated, writeAllSync } from "../disk/exact_io.ts";
import { reasonOf } from "../disk/file_error.ts";
import { openFileSync } from "../disk/files.ts";
import { syncNameSync } from "../disk/folder_sync.ts";
import { sampledHash } from "../disk/sampled_hash.ts";
import { isFileSync } from "../disk/whole_files.ts";
import { shardHeader } from "../format/tokens/llmc_shard.ts";
import { bytesOfTokens, PARTIAL } from "../format/tokens/token_file.ts";
import type { TokenFormat } from "../format/tokens/token_formats.ts";

/** Format of a shard. */
export type ShardLayout = Readonly<{
  /** Bytes per token. */
  width: 2 | 4;
  /**
   * llm.c's format, which has a header with the number of tokens; the others have only the tokens. Default:
   * llmc.
   */
  format?: TokenFormat;
}>;

/** An open shard that grows. */
export class GrowingShard {
  /** Name of the sealed shard. */
  readonly path: string;
  readonly #layout: ShardLayout;
  readonly #file: Deno.FsFile;
  #count: number;
  #open = true;
  #writing = false;

  private constructor(path: string, layout: ShardLayout, file: Deno.FsFile, count: number) {
    this.path = path;
    this.#layout = layout;
    this.#file = file;
    this.#count = count;
  }

  /** Creates an empty shard. Its header says 0 tokens until it is sealed. */
  static create(path: string, layout: ShardLayout): GrowingShard {
    const file = openFileSync(path + PARTIAL, { read: true, write: true, create: true, truncate: true });
    write(file, headerOf(0, layout), path);
    syncNameSync(path); // `sync` makes only the file's data durable, not its name
    return new GrowingShard(path, layout, file, 0);
  }

  /**
   * The hash of the first `count` tokens of a shard, sealed or not: see `sampledHash`. Throws
   * Deno.errors.InvalidData if it has fewer, and NotFound if it is missing.
   */
  static hashOf(path: string, layout: ShardLayout, count: number): string {
    const actual = isFileSync(path) ? path : path + PARTIAL;
    using file = openFileSync(actual);
    return hashTokens(file, { path: actual, layout, count });
  }

  /**
   * Truncates a shard, sealed or not, to `count` tokens and continues there. Throws the same errors as
   * `openTruncated()`.
   */
  static rewind(path: string, layout: ShardLayout, count: number): GrowingShard {
    if (isFileSync(path)) disk.renameSync(path, path + PARTIAL);
    const header = headerOf(0, layout), bytes = header.length + count * layout.width;
    const file = openTruncated(path + PARTIAL, bytes);
    file.seekSync(0, Deno.SeekMode.Start);
    write(file, header, path);
    file.seekSync(bytes, Deno.SeekMode.Start);
    return new GrowingShard(path, layout, file, count);
  }

  /** Number of tokens written. */
  get count(): number {
    return this.#count;
  }

  /** Whether all writes have succeeded. Otherwise the file may end within a token, and must not be sealed. */
  get intact(): boolean {
    return !this.#writing;
  }

  /** Writes tokens at the end. */
  append(ids: Uint32Array): void {
    this.#writing = true;
    write(this.#file, bytesOfTokens(ids, this.#layout.width), this.path);
    this.#writing = false;
    this.#count += ids.length;
  }

  /** The hash of the tokens written so far: see `hashOf`. */
  hash(): string {
    const count = this.#count;
    const hash = hashTokens(this.#file, { path: this.path, layout: this.#layout, count });
    this.#file.seekSync(0, Deno.SeekMode.End);
    return hash;
  }

  /** Resolves once everything written would survive a power cut. */
  async sync(): Promise<void> {
    if (this.#open) await this.#file.syncData();
  }

  /**
   * Writes the number of tokens into the header, syncs and closes the file, and renames it to its final name.
   */
  seal(): void {
    this.#file.seekSync(0, Deno.SeekMode.Start);
    write(this.#file, headerOf(this.#count, this.#layout), this.path);
    this.#file.syncSync();
    this.close();
    disk.renameSync(this.path + PARTIAL, this.path);
    syncNameSync(this.path);
  }

  /** Closes the file without sealing it. */
  close(): void {
    if (this.#open) this.#file.close();
    this.#open = false;
  }
}

const HASH_BLOCKS = 16; // 1 MiB: read at every barrier, in about a millisecond

function hashTokens(
  file: Deno.FsFile,
  { path, layout, count }: { readonly path: string; readonly layout: ShardLayout; readonly count: number },
): string {
  const start = headerOf(0, layout).length; // the header changes when the shard is sealed
  return sampledHash(file, { path, start, bytes: count * layout.width, blocks: HASH_BLOCKS });
}

function headerOf(count: number, { width, format = "llmc" }: ShardLayout): Uint8Array {
  return format === "llmc" ? shardHeader(count, width) : new Uint8Array(0);
}

/** Writes all bytes. Throws an Error that names the file, the reason and what to do. */
function write(file: Deno.FsFile, bytes: Uint8Array, path: string): void {
  try {
    writeAllSync(file, bytes);
  } catch (cause) {
    throw new Error(
      `Cannot write ${bytes.length} bytes to ${path}${PARTIAL}: ${reasonOf(cause)}: ` +
        `the run then resumes from its last checkpoint`,
      { cause },
    );
  }
}
