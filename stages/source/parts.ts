/**
 * Sources cut into parts that can be read apart: whole files, and stretches of large ones. How they are cut depends on
 * the files and the size of a part alone, so the documents are the same however many processes share the parts.
 *
 * @module
 */
import { packingOf, readPacked } from "../format/packed/compressed.ts";
import { gunzipMembers } from "../format/packed/gzip.ts";
import type { Source } from "../flow/stage.ts";
import type { Document } from "../items.ts";
import { isDamage } from "./files/damage.ts";
import { parquetRowGroups } from "./files/parquet.ts";
import { fileKind, fileSource, resolveUri, type SourceFile, type SourceOptions } from "./uri.ts";

/** A part of what is read. */
export interface SourcePart {
  /** The file, or what else a URI names. */
  readonly file: string;
  /** Bytes of the file that are the part, packed as they are; of what is no file a guess. */
  readonly bytes: number;
  /** Its name differs from that of all other parts. */
  readonly source: Source<Document>;
}

/** How to cut. */
export interface PartOptions extends SourceOptions {
  /** Bytes of a part (default 16 MiB): larger files are cut, where they can be. */
  readonly partBytes?: number;
}

const mostFirst = 1 << 23; // bytes of a first gzip member: a longer one says that the file is not cut into members
const mostUnpacked = 1 << 26; // bytes that it unpacks to: the same, and a bomb costs no more

/**
 * The parts of what URIs name, in the order in which one process reads them: URI after URI, their files sorted by path.
 * Cut are .jsonl and .txt (at line ends), .jsonl.gz, .warc.gz and .wet.gz of several gzip members (at members), Parquet
 * (at row groups). Throws as `openSource`.
 */
export async function findParts(
  uris: readonly string[],
  { partBytes = 1 << 24, ...options }: PartOptions = {},
): Promise<readonly SourcePart[]> {
  if (!(partBytes >= 1)) throw new RangeError(`partBytes is ${partBytes}: wanted at least 1`);
  const parts: SourcePart[] = [];
  for (const uri of uris) {
    const named = await resolveUri(uri, options);
    if ("source" in named) parts.push({ file: uri, bytes: named.characters, source: named.source });
    else for (const file of named.files) parts.push(...await cut(file, { ...options, partBytes }));
  }
  return parts;
}

/**
 * The parts that process `rank` of `world` reads: neighbours, about as many bytes as each other process has. So what
 * the processes give, one after another, is what one alone gives.
 */
export function partsOfRank(
  parts: readonly SourcePart[],
  { rank, world }: { readonly rank: number; readonly world: number },
): readonly SourcePart[] {
  const weights = parts.map(({ bytes }) => Math.max(1, bytes)); // of what is no file nothing may be known
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let before = 0;
  return parts.filter((_, i) => {
    const middle = before + weights[i] / 2;
    before += weights[i];
    return Math.min(world - 1, Math.floor(middle / total * world)) === rank;
  });
}

async function cut(
  { path, size }: SourceFile,
  options: PartOptions & { readonly partBytes: number },
): Promise<readonly SourcePart[]> {
  const { partBytes } = options;
  const whole = fileSource(path, options); // finds what is wrong with the name
  if (size === null || size <= partBytes) return [{ file: path, bytes: size ?? 0, source: whole }];
  if (fileKind(path) === ".parquet") return await cutRows({ path, size }, options);
  if (!await canCut(path)) return [{ file: path, bytes: size, source: whole }];
  const count = Math.ceil(size / partBytes);
  return Array.from({ length: count }, (_, i) => {
    const begin = i * partBytes, end = i + 1 === count ? Infinity : begin + partBytes;
    const source = fileSource(path, { ...options, stretch: { begin, end } });
    return { file: path, bytes: Math.min(end, size) - begin, source };
  });
}

async function canCut(path: string): Promise<boolean> {
  const packing = packingOf(path);
  switch (fileKind(path)) {
    case ".txt":
    case ".md":
      return packing === null;
    case ".jsonl":
      return packing === null || packing === "gz" && await hasMembers(path);
    case ".warc":
    case ".wet":
      return packing === "gz" && await hasMembers(path);
    default:
      return false;
  }
}

/** Whether a gzip member follows the first one, which is none too long. */
async function hasMembers(path: string): Promise<boolean> {
  let size = 0;
  try {
    for await (const { member, bytes } of gunzipMembers(upTo(mostFirst, path), { name: path })) {
      if (member > 0) return true;
      size += bytes.length;
      if (size > mostUnpacked) return false;
    }
  } catch (error) {
    if (!isDamage(error)) throw error; // where it was cut off here, most likely
  }
  return false;
}

async function* upTo(most: number, path: string): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let left = most;
  for await (const bytes of readPacked(path, { offset: 0 })) {
    yield bytes;
    left -= bytes.length;
    if (left <= 0) return;
  }
}

async function cutRows(
  { path, size }: { readonly path: string; readonly size: number },
  { partBytes, ...options }: PartOptions & { readonly partBytes: number },
): Promise<readonly SourcePart[]> {
  const parts: { begin: number; end: number; bytes: number }[] = [];
  const groups = await parquetRowGroups(path).catch((error) => {
    if (options.damaged !== "skip" || !isDamage(error)) throw error;
    return [];
  });
  if (groups.length === 0) return [{ file: path, bytes: size, source: fileSource(path, options) }];
  for (const group of groups) {
    const last = parts.at(-1);
    if (last === undefined || last.bytes + group.bytes > partBytes) parts.push({ ...group });
    else [last.end, last.bytes] = [group.end, last.bytes + group.bytes];
  }
  return parts.map(({ begin, end, bytes }) => ({
    file: path,
    bytes,
    source: fileSource(path, { ...options, rows: { begin, end } }),
  }));
}
