/**
 * Files as chunks of bytes, unpacked where their name ends in .gz or .zst, from any place in the unpacked bytes.
 * Several gzip members or zstd frames in one file are read as one, as `zcat` does.
 *
 * Source: RFC 1952 (gzip, through node:zlib: the web's DecompressionStream refuses a second member), RFC 8878 (zstd,
 * through fzstd: node:zlib stops after the first frame and takes a file cut short for whole).
 *
 * @module
 */
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { Decompress } from "fzstd";

/** How a file is packed. */
export type Packing = "gz" | "zst" | null;

const chunkSize = 1 << 16;

/** How a file is packed, by its name. */
export function packingOf(path: string): Packing {
  if (/\.gz$/i.test(path)) return "gz";
  return /\.zst$/i.test(path) ? "zst" : null;
}

/** A path without .gz or .zst. */
export function unpackedName(path: string): string {
  return path.replace(/\.(gz|zst)$/i, "");
}

/**
 * A file's unpacked bytes from byte `offset` on. A packed file is unpacked from its start and skipped: time, but no
 * memory. Throws Deno.errors.NotFound for a missing file, InvalidData where the packing is broken, UnexpectedEof
 * where it ends early, each naming the file.
 */
export async function* readUnpacked(path: string, offset = 0): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const packing = packingOf(path);
  if (packing === null) {
    yield* readFrom(path, offset);
    return;
  }
  let skip = offset;
  for await (const chunk of unpack(readFrom(path, 0), packing, path)) {
    if (skip >= chunk.length) skip -= chunk.length;
    else {
      yield skip === 0 ? chunk : chunk.subarray(skip);
      skip = 0;
    }
  }
}

/** Unpacks chunks of bytes; `name` stands in errors. Throws InvalidData and UnexpectedEof as `readUnpacked` does. */
export async function* unpack(
  packed: AsyncIterable<Uint8Array<ArrayBuffer>>,
  packing: Packing,
  name: string,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  switch (packing) {
    case "gz":
      yield* gunzip(packed, name);
      break;
    case "zst":
      yield* unzstd(packed, name);
      break;
    case null:
      yield* packed;
  }
}

async function* readFrom(path: string, offset: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  using file = await openFile(path);
  if (offset > 0) await file.seek(offset, Deno.SeekMode.Start);
  for (;;) {
    const chunk = new Uint8Array(chunkSize);
    const size = await file.read(chunk);
    if (size === null) return;
    yield size === chunkSize ? chunk : chunk.subarray(0, size);
  }
}

async function openFile(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) {
      throw new Deno.errors.NotFound(`Cannot read ${path}: there is no such file: check the path`, { cause });
    }
    throw cause;
  }
}

async function* gunzip(
  packed: AsyncIterable<Uint8Array<ArrayBuffer>>,
  name: string,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const source = Readable.from(packed, { objectMode: true, highWaterMark: 1 });
  const unpacker = createGunzip({ chunkSize });
  source.on("error", (error) => unpacker.destroy(error));
  source.pipe(unpacker);
  try {
    for await (const chunk of unpacker) yield new Uint8Array(chunk);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : "";
    if (code === "Z_BUF_ERROR") throw endsEarly(name, cause);
    if (typeof code === "string" && code.startsWith("Z_")) throw broken(name, "gzip", cause);
    throw cause;
  } finally {
    source.destroy();
    unpacker.destroy();
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
        : broken(name, "zstd", cause);
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

function broken(name: string, packing: string, cause: unknown): Error {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new Deno.errors.InvalidData(
    `Cannot unpack ${name}: not sound ${packing} data (${why}): fetch the file again, or name it for what it is`,
    { cause },
  );
}
