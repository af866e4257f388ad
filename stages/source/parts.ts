/**
 * Splits sources into parts that can be read independently: small files whole, large files in pieces. The
 * split depends only on the files and the size of a part, so the documents are the same for any number of
 * processes.
 *
 * @module
 */
import { packingOf, readPacked } from "../format/packed/packed_file.ts";
import { gunzipMembers } from "../format/packed/gzip.ts";
import { UTF8 } from "../format/text/encodings.ts";
import { isRemote } from "../format/web/remote.ts";
import type { Source } from "../flow/stage.ts";
import type { Document } from "../items.ts";
import { TEXT_CELL } from "./files/text.ts";
import { isDamage } from "./files/damage.ts";
import { jsonFormOf } from "./files/json_by_content.ts";
import { parquetRowGroups } from "./files/parquet.ts";
import { fileEncoding } from "./files/file_encoding.ts";
import { fileKind, type FileOptions, fileReader } from "./files/file_source.ts";
import { chain, type ChainState } from "./chain.ts";
import { identified, type InputIdentity } from "./identity.ts";
import { weightOf } from "./weight.ts";
import { resolveUri, type SourceFile, type SourceOptions } from "./uri.ts";

/** One part of the input. `partsSource` reads several. */
export interface SourcePart {
  /** Path or URL of the file that the part belongs to; for a source without files, its URI. */
  readonly file: string;
  /** Size of the part in bytes as stored (compressed or not); for a source without files, an estimate. */
  readonly bytes: number;
  /**
   * Source of the part's documents. Its name is unique among all parts. For a local file, its state does not
   * identify the file: that would take as long as reading the part.
   */
  readonly source: Source<Document>;
  /** Whether the part belongs to a file of this machine. */
  readonly local: boolean;
}

/** Identities of the files on servers that a call of `findParts` has come across. */
type KnownIdentities = Map<string, InputIdentity>;

/** How sources are split into parts. */
export interface PartOptions extends SourceOptions {
  /**
   * Target size of a part in bytes (default 16 MiB). Larger files are split if their format permits it. With
   * the default, a text file has the same documents in parts as in one piece.
   */
  readonly partBytes?: number;
}

// A file whose first gzip member exceeds one of these limits is treated as if it had no other member. The
// second limit also bounds the cost of a decompression bomb.
const maxFirstMember = 1 << 23; // compressed bytes
const maxFirstUnpacked = 1 << 26; // decompressed bytes

/**
 * Returns the parts of all URIs in reading order: the URIs as given, and the files of a URI sorted by path.
 * Text and JSON lines are split at line ends. Files of type .jsonl.gz, .warc.gz and .wet.gz that have several
 * gzip members are split between members. Parquet files are split between row groups. Throws RangeError for a
 * URI with a weight, and the same errors as `openSource`.
 */
export async function findParts(
  uris: readonly string[],
  options: PartOptions = {},
): Promise<readonly SourcePart[]> {
  const parts: SourcePart[] = [];
  for (const uri of uris) {
    if (weightOf(uri).weight !== null) {
      throw new RangeError(
        `Cannot read ${uri} by weight: the sources are read one after another here: give ${
          weightOf(uri).uri
        }`,
      );
    }
    const resolved = await resolveUri(uri, options);
    if ("source" in resolved) {
      parts.push({ file: uri, bytes: resolved.characters, source: resolved.source, local: false });
      continue;
    }
    parts.push(...await partsOfFiles(resolved.files, options));
  }
  return parts;
}

/** Returns the parts of files, as `findParts` does. */
export async function partsOfFiles(
  files: readonly SourceFile[],
  { partBytes = TEXT_CELL, ...options }: PartOptions = {},
): Promise<readonly SourcePart[]> {
  if (!(partBytes >= 1)) throw new RangeError(`partBytes is ${partBytes}: expected at least 1`);
  const parts: SourcePart[] = [], known: KnownIdentities = new Map();
  for (const file of files) parts.push(...await splitFile(file, { ...options, partBytes, known }));
  return parts;
}

/**
 * Returns a source that reads parts one after another. It saves the identities of their local files with each
 * position, and for a part on a server that of its file: see `identified`.
 */
export function partsSource(name: string, parts: readonly SourcePart[]): Source<Document, ChainState> {
  const files = new Set(parts.filter(({ local }) => local).map(({ file }) => file));
  return identified([...files], chain(name, parts.map(({ source }) => source)));
}

/**
 * Returns the parts that the process with index `rank` reads if there are `world` processes. These parts are
 * consecutive, and every process gets about the same number of bytes. The documents of all processes,
 * concatenated in order of rank, are the same as those of a single process.
 */
export function partsOfRank(
  parts: readonly SourcePart[],
  { rank, world }: { readonly rank: number; readonly world: number },
): readonly SourcePart[] {
  const weights = parts.map(({ bytes }) => Math.max(1, bytes)); // the size of a remote file may be unknown
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let before = 0;
  return parts.filter((_, i) => {
    const middle = before + weights[i] / 2;
    before += weights[i];
    return Math.min(world - 1, Math.floor(middle / total * world)) === rank;
  });
}

async function splitFile(file: SourceFile, options: SplitOptions): Promise<readonly SourcePart[]> {
  const { path, size } = file, { partBytes } = options;
  const whole = partOf(file, { bytes: size ?? 0, options }); // throws for an unknown file type
  if (size === null || size <= partBytes) return [whole];
  if (fileKind(path) === ".parquet") return await splitRowGroups(file, options);
  if (!await canSplit(path, options.encoding)) return [whole];
  const count = Math.ceil(size / partBytes);
  return Array.from({ length: count }, (_, i) => {
    const begin = i * partBytes, end = i + 1 === count ? Infinity : begin + partBytes;
    return partOf(file, {
      bytes: Math.min(end, size) - begin,
      options: { ...options, range: { begin, end }, isUtf8: true }, // no other text is split
    });
  });
}

/** How a file is split. */
type SplitOptions = PartOptions & { readonly partBytes: number; readonly known: KnownIdentities };

/** The part of a file that `options` describe, which has `bytes` bytes. */
function partOf(
  { path }: SourceFile,
  { bytes, options }: { readonly bytes: number; readonly options: FileOptions & SplitOptions },
): SourcePart {
  const { known, ...reading } = options, local = !isRemote(path), reader = fileReader(path, reading);
  return { file: path, bytes, source: local ? reader : identified([path], reader, known), local };
}

async function canSplit(path: string, encoding?: string): Promise<boolean> {
  const packing = await packingOf(path);
  switch (fileKind(path)) {
    case ".txt":
    case ".md":
      return packing === null && await fileEncoding(path, { label: encoding }) === UTF8;
    case ".jsonl":
    case ".json": {
      const otherwise = fileKind(path) === ".json" ? "value" : "lines";
      if (await jsonFormOf(path, { otherwise }) === "value") return false;
      return packing === null || packing === "gz" && await hasMembers(path);
    }
    case ".warc":
    case ".wet":
      return packing === "gz" && await hasMembers(path);
    default:
      return false;
  }
}

/** Returns whether the file has a second gzip member; the first one must not be too long. */
async function hasMembers(path: string): Promise<boolean> {
  let size = 0;
  try {
    for await (const { member, bytes } of gunzipMembers(firstBytes(path, maxFirstMember), { name: path })) {
      if (member > 0) return true;
      size += bytes.length;
      if (size > maxFirstUnpacked) return false;
    }
  } catch (error) {
    // Only the first bytes of the file are read here, so the data often ends unexpectedly.
    if (!isDamage(error)) throw error;
  }
  return false;
}

/** Yields the first `count` bytes of a file, rounded up to whole chunks. */
async function* firstBytes(path: string, count: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let left = count;
  for await (const bytes of readPacked(path, { offset: 0 })) {
    yield bytes;
    left -= bytes.length;
    if (left <= 0) return;
  }
}

async function splitRowGroups(file: SourceFile, options: SplitOptions): Promise<readonly SourcePart[]> {
  const { path, size } = file;
  const parts: { begin: number; end: number; bytes: number }[] = [];
  const groups = await parquetRowGroups(path).catch((error) => {
    if (options.damaged !== "skip" || !isDamage(error)) throw error;
    return [];
  });
  if (groups.length === 0) return [partOf(file, { bytes: size ?? 0, options })];
  for (const group of groups) {
    const last = parts.at(-1);
    if (last === undefined || last.bytes + group.bytes > options.partBytes) parts.push({ ...group });
    else [last.end, last.bytes] = [group.end, last.bytes + group.bytes];
  }
  return parts.map(({ begin, end, bytes }) =>
    partOf(file, { bytes, options: { ...options, rows: { begin, end } } })
  );
}
