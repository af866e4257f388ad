/**
 * A shard being written: `NAME.bin.partial`, renamed to `NAME.bin` once its header, in llm.c's format, counts
 * its tokens.
 *
 * @module
 */
import { shardHeader } from "../format/tokens/llmc_shard.ts";
import { bytesOfTokens, PARTIAL } from "../format/tokens/token_file.ts";
import { isFileSync } from "../disk/whole_files.ts";
import { openFileSync } from "../disk/files.ts";

/** What a shard is written as. */
export type ShardLayout = Readonly<{
  /** Bytes a token. */
  width: 2 | 4;
  /** llm.c's with a header that counts, or nanoGPT's, tokens only. Default llmc. */
  format?: "llmc" | "nanogpt";
}>;

/** An open file that grows. */
export class GrowingShard {
  /** The name that it will have. */
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

  /** Begins the shard anew; its header counts 0 tokens until it is sealed. */
  static create(path: string, layout: ShardLayout): GrowingShard {
    const file = openFileSync(path + PARTIAL, { read: true, write: true, create: true, truncate: true });
    writeFully(file, headerOf(0, layout), path);
    return new GrowingShard(path, layout, file, 0);
  }

  /**
   * Goes back to the first `count` tokens, of a sealed shard too: it is renamed back first. Throws
   * Deno.errors.UnexpectedEof if there are fewer.
   */
  static rewind(path: string, layout: ShardLayout, count: number): GrowingShard {
    if (isFileSync(path)) Deno.renameSync(path, path + PARTIAL);
    const file = openFileSync(path + PARTIAL, { read: true, write: true });
    const { size } = file.statSync();
    const header = headerOf(0, layout), wanted = header.length + count * layout.width;
    if (size < wanted) {
      file.close();
      throw new Deno.errors.UnexpectedEof(
        `Cannot go on with ${path}${PARTIAL}: it ends at byte ${size}, the checkpoint says ${wanted}: ` +
          `start anew with --resume never`,
      );
    }
    file.truncateSync(wanted);
    writeFully(file, header, path);
    file.seekSync(wanted, Deno.SeekMode.Start);
    return new GrowingShard(path, layout, file, count);
  }

  /** Tokens written. */
  get count(): number {
    return this.#count;
  }

  /** Whether every write went through: else its end may be half a token, and it must not be sealed. */
  get sound(): boolean {
    return !this.#writing;
  }

  /** Writes tokens at the end. */
  append(ids: Uint32Array): void {
    this.#writing = true;
    writeFully(this.#file, bytesOfTokens(ids, this.#layout.width), this.path);
    this.#writing = false;
    this.#count += ids.length;
  }

  /** Returns when what was written would outlast a power cut. */
  async sync(): Promise<void> {
    if (this.#open) await this.#file.syncData();
  }

  /** Counts the tokens in the header, syncs, closes and gives the file its final name. */
  seal(): void {
    this.#file.seekSync(0, Deno.SeekMode.Start);
    writeFully(this.#file, headerOf(this.#count, this.#layout), this.path);
    this.#file.syncSync();
    this.close();
    Deno.renameSync(this.path + PARTIAL, this.path);
  }

  /** Closes the file as it is. */
  close(): void {
    if (this.#open) this.#file.close();
    this.#open = false;
  }
}

function headerOf(count: number, { width, format = "llmc" }: ShardLayout): Uint8Array {
  return format === "llmc" ? shardHeader(count, width) : new Uint8Array(0);
}

/** Throws Error, naming the file and the system's reason, if not all can be written: the disk is full. */
function writeFully(file: Deno.FsFile, bytes: Uint8Array, path: string): void {
  try {
    for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `Cannot write ${bytes.length} bytes to ${path}${PARTIAL}: ${reason}: make room and run again: it goes on from the ` +
        `last checkpoint`,
      { cause },
    );
  }
}
