/**
 * Files on disk or behind a URL as chunks of bytes, unpacked (decompressed) if their content is that of gzip,
 * zstd, bzip2, xz or lz4. Reading can start at any unpacked byte. Several members, streams or frames in one
 * file are concatenated, as `zcat` does.
 *
 * @module
 */
import { gunzipMembers, type MemberChunk } from "./gzip.ts";
import { type Packing, PACKING_BYTES, packingOfFile } from "./packing.ts";
import { findRemote, isRemote, readRemote } from "../web/remote.ts";
import { findDictionary, unzstdFrames, type ZstdOptions } from "./zstd.ts";
import { openFile } from "../../disk/files.ts";

const CHUNK_BYTES = 1 << 16;

const MAX_URLS = 10_000;

/** URLs that are known not to be compressed: parts of them are read without asking for their first bytes. */
const plainUrls = new Set<string>();

/** A position at which unpacking can start: a member, stream or frame, or the file's start. */
export type Anchor = Readonly<{
  /** Byte offset of the position in the packed file. */
  packed: number;
  /** Byte offset of the position in the unpacked data. */
  unpacked: number;
}>;

/** Options of `readUnpacked`. */
export interface UnpackOptions {
  /** Offset of the unpacked byte at which reading starts (default 0). */
  readonly offset?: number;
  /** Position at which unpacking starts, at or before `offset` (default the file's start). */
  readonly anchor?: Anchor;
  /** Called with each anchor, before its bytes are yielded. */
  readonly onAnchor?: (anchor: Anchor) => void;
  /** Signal that aborts reading, even while it waits for a server. */
  readonly signal?: AbortSignal;
}

/**
 * Reads the unpacked bytes of a file or of an http or https URL from byte `offset` on. A packed file is
 * unpacked from the anchor, and bytes before `offset` are discarded. Throws Deno.errors.NotFound for a
 * missing file, InvalidData for invalid packed data and UnexpectedEof for truncated packed data; all of them
 * name the file. Also throws the errors of `readRemote`.
 */
export async function* readUnpacked(
  path: string,
  { offset = 0, anchor = { packed: 0, unpacked: 0 }, onAnchor, signal }: UnpackOptions = {},
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  if (offset > 0 && plainUrls.has(path)) return yield* readPacked(path, { offset, signal });
  const packed = new Peeked(readPacked(path, { offset: anchor.packed, signal }));
  const packing = packingOfFile(path, await packed.head(PACKING_BYTES));
  if (packing === null && isRemote(path) && plainUrls.size < MAX_URLS) plainUrls.add(path);
  if (packing === null) {
    if (offset === anchor.packed) return yield* packed;
    await packed.return();
    return yield* readPacked(path, { offset, signal });
  }
  let at = anchor.unpacked;
  const unpack = await unpackerOf(packing);
  const dictionary = () => findDictionary(readPacked(path, { offset: 0, signal }), path);
  for await (
    const { bytes, member, first } of unpack(packed, { name: path, start: anchor.packed, dictionary })
  ) {
    if (first) onAnchor?.({ packed: member, unpacked: at });
    at += bytes.length;
    if (at > offset) yield bytes.subarray(Math.max(0, bytes.length - (at - offset)));
  }
}

/** Returns the compression of a file or URL, told by its first bytes. Throws the errors of `readUnpacked`. */
export async function packingOf(path: string, signal?: AbortSignal): Promise<Packing> {
  const packed = new Peeked(readPacked(path, { offset: 0, signal }));
  const head = await packed.head(PACKING_BYTES);
  await packed.return();
  return packingOfFile(path, head);
}

/** Chunks whose first bytes can be looked at before they are read. */
class Peeked {
  readonly #chunks: AsyncGenerator<Uint8Array<ArrayBuffer>>;
  readonly #held: Uint8Array<ArrayBuffer>[] = [];

  constructor(chunks: AsyncGenerator<Uint8Array<ArrayBuffer>>) {
    this.#chunks = chunks;
  }

  /** Returns the first `count` bytes, or all if there are fewer. */
  async head(count: number): Promise<Uint8Array> {
    const head: number[] = [];
    while (head.length < count) {
      const { done, value } = await this.#chunks.next();
      if (done) break;
      this.#held.push(value);
      head.push(...value.subarray(0, count - head.length));
    }
    return Uint8Array.from(head);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    yield* this.#held.splice(0);
    yield* this.#chunks;
  }

  /** Ends reading. */
  async return(): Promise<void> {
    await this.#chunks.return(undefined);
  }
}

type Unpack = (
  packed: AsyncIterable<Uint8Array<ArrayBuffer>>,
  options: ZstdOptions,
) => AsyncIterable<MemberChunk>;

/** Returns the reader of a compressed format. Rare ones are loaded when they are first used. */
export async function unpackerOf(packing: Exclude<Packing, null>): Promise<Unpack> {
  switch (packing) {
    case "gz":
      return gunzipMembers;
    case "zst":
      return unzstdFrames;
    case "bz2":
      return (await import("./bzip2.ts")).bunzip2Streams;
    case "xz":
      return (await import("./xz.ts")).unxz;
    case "lz4":
      return (await import("./lz4.ts")).unlz4Frames;
  }
}

/**
 * Anchors that a reader has passed. To resume at an offset, unpacking starts at the last anchor that is not
 * after the offset.
 */
export class Anchors {
  #passed: Anchor[];

  /** `begin` is the anchor at which reading starts (default: the file's start). */
  constructor(begin: Anchor = { packed: 0, unpacked: 0 }) {
    this.#passed = [begin];
  }

  /** Adds an anchor; used as the `onAnchor` of `readUnpacked`. */
  readonly pass = (anchor: Anchor): void => {
    this.#passed.push(anchor);
  };

  /** The latest anchor that was passed. */
  get last(): Anchor {
    return this.#passed[this.#passed.length - 1];
  }

  /**
   * Returns the last anchor at or before unpacked byte `offset`. Offsets must not decrease from call to call:
   * older anchors are dropped.
   */
  before(offset: number): Anchor {
    while (this.#passed.length > 1 && this.#passed[1].unpacked <= offset) this.#passed.shift();
    return this.#passed[0];
  }
}

/** Reads the stored (not unpacked) bytes of a file or a URL from byte `offset` on. */
export async function* readPacked(
  path: string,
  { offset, signal }: { readonly offset: number; readonly signal?: AbortSignal | undefined },
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  if (isRemote(path)) {
    const options = signal === undefined ? {} : { signal };
    yield* readRemote(await findRemote(path, options), { ...options, start: offset });
    return;
  }
  using file = await openFile(path);
  if (offset > 0) await file.seek(offset, Deno.SeekMode.Start);
  for (;;) {
    const chunk = new Uint8Array(CHUNK_BYTES);
    const size = await file.read(chunk);
    if (size === null) return;
    yield size === CHUNK_BYTES ? chunk : chunk.subarray(0, size);
  }
}
