/**
 * Token files in an object store, which are read by ranges while they are needed: training begins after the
 * first range, and no file is kept on disk.
 *
 * @module
 */
import type { S3Object } from "../web/s3/list.ts";
import { readRemote, type RemoteFile } from "../web/remote.ts";
import type { RetryOptions } from "../web/retry.ts";
import { headBytes, layoutOfTokens, type TokenFormat } from "./token_formats.ts";
import { checkRange, type TokenLayout, tokensOf } from "./token_file.ts";
import type { TokenRange, TokenReader, TokenReadOptions } from "./token_reader.ts";

/** A token file in an object store. */
export interface StoredTokenFile extends TokenLayout {
  /** The object that is read: a later one at the same address is refused. */
  readonly object: S3Object;
}

/** How the files are found. */
export interface StoredTokensOptions extends RetryOptions {
  /** Format of the files. */
  readonly format: TokenFormat;
  /** Path of the copy of an object, beside which copies of the files that describe it lie. */
  copyPath(uri: string): string;
  /** Number of blocks of 1 MiB in memory (default 64). */
  readonly blocks?: number;
}

const BLOCK = 1 << 20; // bytes of a request
const HEADERS = 16; // requests for headers at a time

/**
 * Reads objects of a store in blocks of 1 MiB, of which those read last stay in memory. The blocks of the
 * range that is read next are requested ahead.
 */
export class StoredTokens implements TokenReader {
  /** The files, in the order in which they were given. */
  readonly files: readonly StoredTokenFile[];
  readonly #byPath: ReadonlyMap<string, StoredTokenFile>;
  readonly #retry: RetryOptions;
  readonly #capacity: number;
  readonly #blocks = new Map<string, Promise<Uint8Array>>(); // the one used last is the last
  #open = new AbortController();

  private constructor(files: readonly StoredTokenFile[], retry: RetryOptions, capacity: number) {
    this.files = files;
    this.#byPath = new Map(files.map((file) => [file.path, file]));
    this.#retry = retry;
    this.#capacity = capacity;
  }

  /**
   * Reads the headers of the objects. Throws the errors of `openTokens` about their content, those of
   * `readRemote`, and Deno.errors.InvalidData for an object that was replaced after it was listed.
   */
  static async open(
    objects: readonly S3Object[],
    { format, copyPath, blocks = 64, ...retry }: StoredTokensOptions,
  ): Promise<StoredTokens> {
    const files: StoredTokenFile[] = [];
    for (let at = 0; at < objects.length; at += HEADERS) {
      files.push(
        ...await Promise.all(
          objects.slice(at, at + HEADERS).map(async (object) => {
            const { uri: path, size } = object, beside = copyPath(path);
            const length = Math.min(size, headBytes({ path, beside }, format));
            const head = await readBytes(object, { start: 0, end: length, ...retry });
            const bytes = (start: number, count: number) => head.slice(start, start + count);
            return { ...layoutOfTokens({ path, beside, size, bytes }, format), object };
          }),
        ),
      );
    }
    return new StoredTokens(files, retry, blocks);
  }

  /**
   * Throws Deno.errors.NotFound for a file that is not among those given, UnexpectedEof beyond its end,
   * InvalidData if the object has been replaced, and the other errors of `readRemote`.
   */
  async read(range: TokenRange, { next = null, signal }: TokenReadOptions = {}): Promise<Uint32Array> {
    const file = this.#fileOf(range), { offset, width } = file;
    checkRange(file, { start: range.start, length: range.count });
    const first = offset + range.start * width, bytes = new Uint8Array(range.count * width);
    const blocks = this.#request(file, range, signal);
    if (next !== null) this.#readAhead(next, signal);
    for (const { start, block } of blocks) {
      const got = await block, from = Math.max(0, first - start);
      bytes.set(got.subarray(from, first + bytes.length - start), start + from - first);
    }
    return tokensOf(bytes, width);
  }

  /** Ends all requests. */
  close(): void {
    this.#open.abort();
    this.#open = new AbortController();
  }

  #fileOf({ path }: TokenRange): StoredTokenFile {
    const file = this.#byPath.get(path);
    if (file !== undefined) return file;
    throw new Deno.errors.NotFound(`Cannot read ${path}: it is not among the shards: check the address`);
  }

  #readAhead({ path, start, count }: TokenRange, signal?: AbortSignal): void {
    const file = this.#byPath.get(path);
    if (file === undefined || start >= file.count) return;
    this.#request(file, { path, start, count: Math.min(count, file.count - start) }, signal);
  }

  /** The blocks in which a range lies; those that are not in memory are requested, all at once. */
  #request(
    { object, offset, width }: StoredTokenFile,
    { start, count }: TokenRange,
    signal?: AbortSignal,
  ): { readonly start: number; readonly block: Promise<Uint8Array> }[] {
    const first = offset + start * width, end = first + count * width, blocks = [];
    for (let at = first - first % BLOCK; at < end; at += BLOCK) {
      blocks.push({ start: at, block: this.#block(object, at, signal) });
    }
    return blocks;
  }

  #block(object: S3Object, start: number, signal?: AbortSignal): Promise<Uint8Array> {
    const key = `${object.uri} ${start}`, known = this.#blocks.get(key);
    const block = known ?? readBytes(object, {
      ...this.#retry,
      start,
      end: Math.min(start + BLOCK, object.size),
      signal: AbortSignal.any([this.#open.signal, ...(signal === undefined ? [] : [signal])]),
    });
    this.#blocks.delete(key);
    this.#blocks.set(key, block);
    if (known === undefined) block.catch(() => this.#blocks.delete(key)); // who waits for it gets the error
    for (const oldest of this.#blocks.keys()) {
      if (this.#blocks.size <= this.#capacity) break;
      this.#blocks.delete(oldest);
    }
    return block;
  }
}

/** Reads bytes `start` to `end` (exclusive) of the object that was listed. */
async function readBytes(
  { uri, size, etag }: S3Object,
  options: RetryOptions & { readonly start: number; readonly end: number },
): Promise<Uint8Array<ArrayBuffer>> {
  const file: RemoteFile = { url: uri, size, version: etag === "" ? null : etag, ranges: true };
  const bytes = new Uint8Array(options.end - options.start);
  let at = 0;
  for await (const chunk of readRemote(file, options)) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
