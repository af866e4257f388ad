/**
 * Files, here or behind a URL, as chunks of bytes, unpacked where their name ends in .gz or .zst, from any place in the
 * unpacked bytes. Several gzip members or zstd frames in one file are read as one, as `zcat` does.
 *
 * Source: RFC 8878 (zstd, through fzstd: node:zlib stops after the first frame and takes a file cut short for whole).
 *
 * @module
 */
import { Decompress } from "fzstd";
import { gunzipMembers } from "./gzip.ts";
import { findRemote, isRemote, readRemote } from "./remote.ts";

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

/** A place at which unpacking can begin: a gzip member, or the file's start. */
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
    yield* readFrom(path, { offset, signal });
    return;
  }
  const packed = readFrom(path, { offset: anchor.packed, signal });
  let at = anchor.unpacked;
  for await (const { bytes, member } of chunksOf(packed, { packing, name: path, start: anchor.packed })) {
    if (member !== null) onAnchor?.({ packed: member, unpacked: at });
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

  /** For unpacked byte `offset`; places asked for must not go back. */
  before(offset: number): Anchor {
    while (this.#passed.length > 1 && this.#passed[1].unpacked <= offset) this.#passed.shift();
    return this.#passed[0];
  }
}

/** Unpacked chunks; `member` is the packed place of a gzip member that begins with this one. */
async function* chunksOf(
  packed: AsyncIterable<Uint8Array<ArrayBuffer>>,
  { packing, name, start }: { readonly packing: "gz" | "zst"; readonly name: string; readonly start: number },
): AsyncGenerator<{ readonly bytes: Uint8Array<ArrayBuffer>; readonly member: number | null }> {
  switch (packing) {
    case "gz":
      for await (const { bytes, member, first } of gunzipMembers(packed, { name, start })) {
        yield { bytes, member: first ? member : null };
      }
      break;
    case "zst":
      for await (const bytes of unzstd(packed, name)) yield { bytes, member: null };
  }
}

/** A file as it lies there, or at its server. */
async function* readFrom(
  path: string,
  { offset, signal }: { readonly offset: number; readonly signal: AbortSignal | undefined },
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

async function* unzstd(
  packed: AsyncIterable<Uint8Array<ArrayBuffer>>,
  name: string,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const ready: Uint8Array<ArrayBuffer>[] = [];
  const unpacker = new Decompress((chunk) => ready.push(new Uint8Array(chunk)));
  const push = (chunk: Uint8Array<ArrayBuffer>, last: boolean): void => {
    try {
      unpacker.push(chunk, last);
    } catch (cause) {
      throw cause instanceof Error && /EOF/.test(cause.message)
        ? endsEarly(name, cause)
        : broken(name, cause);
    }
  };
  let any = false;
  for await (const chunk of packed) {
    any = true;
    push(chunk, false);
    yield* ready.splice(0);
  }
  if (!any) throw endsEarly(name, null);
  push(new Uint8Array(0), true);
  yield* ready.splice(0);
}

function endsEarly(name: string, cause: unknown): Error {
  return new Deno.errors.UnexpectedEof(
    `Cannot unpack ${name}: it ends early, so it was cut short: fetch the file again`,
    { cause },
  );
}

function broken(name: string, cause: unknown): Error {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new Deno.errors.InvalidData(
    `Cannot unpack ${name}: not sound zstd data (${why}): fetch the file again, or name it for what it is`,
    { cause },
  );
}
