/**
 * Files on disk or behind a URL as chunks of bytes, unpacked (decompressed) if their name ends in .gz or
 * .zst. Reading can start at any unpacked byte. Several gzip members or zstd frames in one file are
 * concatenated, as `zcat` does.
 *
 * @module
 */
import { gunzipMembers } from "./gzip.ts";
import { findRemote, isRemote, readRemote } from "../web/remote.ts";
import { unzstdFrames } from "./zstd.ts";
import { openFile } from "../../disk/files.ts";

/** Compression of a file; null if there is none. */
export type Packing = "gz" | "zst" | null;

const CHUNK_BYTES = 1 << 16;

/** Returns the compression that a file's name indicates. */
export function packingOf(path: string): Packing {
  const name = fileName(path);
  if (/\.gz$/i.test(name)) return "gz";
  return /\.zst$/i.test(name) ? "zst" : null;
}

/** Returns a path without the extension .gz or .zst and, for a URL, without its query. */
export function unpackedName(path: string): string {
  return fileName(path).replace(/\.(gz|zst)$/i, "");
}

/** Returns a URL without query and fragment, which are not part of the file's name. */
function fileName(path: string): string {
  return isRemote(path) ? path.replace(/[?#].*$/, "") : path;
}

/** A position at which unpacking can start: a gzip member, a zstd frame, or the file's start. */
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
  const packing = packingOf(path);
  if (packing === null) {
    yield* readPacked(path, { offset, signal });
    return;
  }
  const packed = readPacked(path, { offset: anchor.packed, signal });
  let at = anchor.unpacked;
  const unpack = packing === "gz" ? gunzipMembers : unzstdFrames;
  for await (const { bytes, member, first } of unpack(packed, { name: path, start: anchor.packed })) {
    if (first) onAnchor?.({ packed: member, unpacked: at });
    at += bytes.length;
    if (at > offset) yield bytes.subarray(Math.max(0, bytes.length - (at - offset)));
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
