/**
 * Files, here or behind a URL, as chunks of bytes, unpacked where their name ends in .gz or .zst, from any place in the
 * unpacked bytes. Several gzip members or zstd frames in one file are read as one, as `zcat` does.
 *
 * @module
 */
import { gunzipMembers } from "./gzip.ts";
import { findRemote, isRemote, readRemote } from "../web/remote.ts";
import { unzstdFrames } from "./zstd.ts";

/** How a file is packed. */
export type Packing = "gz" | "zst" | null;

const chunkSize = 1 << 16;

/** How a file is packed, by its name. */
export function packingOf(path: string): Packing {
  const name = fileName(path);
  if (/\.gz$/i.test(name)) return "gz";
  return /\.zst$/i.test(name) ? "zst" : null;
}

/** A path, or a URL without its query, less .gz or .zst. */
export function unpackedName(path: string): string {
  return fileName(path).replace(/\.(gz|zst)$/i, "");
}

/** A URL's query says nothing of the file's kind. */
function fileName(path: string): string {
  return isRemote(path) ? path.replace(/[?#].*$/, "") : path;
}

/** A place at which unpacking can begin: a gzip member or zstd frame, or the file's start. */
export type Anchor = Readonly<{
  /** Bytes of the file before it. */
  packed: number;
  /** Unpacked bytes before it. */
  unpacked: number;
}>;

/** Where to begin in a file. */
export interface ReadPlace {
  /** Unpacked bytes to leave out (default 0). */
  readonly offset?: number;
  /** Not behind `offset` (default the file's start). */
  readonly anchor?: Anchor;
  /** Told of each anchor before its bytes are given. */
  readonly onAnchor?: (anchor: Anchor) => void;
  /** Ends it, also while a server is waited for. */
  readonly signal?: AbortSignal;
}

/**
 * The unpacked bytes of a file, or of what an http or https URL names, from byte `offset` on. A packed file is unpacked
 * from the anchor and skipped up to there: time, but no memory. Throws Deno.errors.NotFound for a missing file,
 * InvalidData where the packing is broken, UnexpectedEof where it ends early, each naming the file; and what
 * `readRemote` throws.
 */
export async function* readUnpacked(
  path: string,
  { offset = 0, anchor = { packed: 0, unpacked: 0 }, onAnchor, signal }: ReadPlace = {},
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

/** Anchors passed while reading: the last one at or before a place is where to begin when reading goes on there. */
export class Anchors {
  #passed: Anchor[];

  /** `begin`: where reading begins, if not at the file's start. */
  constructor(begin: Anchor = { packed: 0, unpacked: 0 }) {
    this.#passed = [begin];
  }

  /** To be told of them: `readUnpacked`'s `onAnchor`. */
  readonly pass = (anchor: Anchor): void => {
    this.#passed.push(anchor);
  };

  /** The last one passed. */
  get last(): Anchor {
    return this.#passed[this.#passed.length - 1];
  }

  /** For unpacked byte `offset`; places asked for must not go back. */
  before(offset: number): Anchor {
    while (this.#passed.length > 1 && this.#passed[1].unpacked <= offset) this.#passed.shift();
    return this.#passed[0];
  }
}

/** A file as it lies there, or at its server, from byte `offset` on. */
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
    const chunk = new Uint8Array(chunkSize);
    const size = await file.read(chunk);
    if (size === null) return;
    yield size === chunkSize ? chunk : chunk.subarray(0, size);
  }
}

/** A file to read. Throws Deno.errors.NotFound, with the mend, where there is none. */
export async function openFile(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) {
      throw new Deno.errors.NotFound(`Cannot read ${path}: there is no such file: check the path`, { cause });
    }
    throw cause;
  }
}
