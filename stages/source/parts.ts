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
  /** Index of the part among all parts of the input. */
  readonly index: number;
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

/** One input of a plan: a file and how it is divided, or a URI without files. It is plain data. */
export interface PlannedInput {
  /** Path or URL of the file; for a source without files, its URI. */
  readonly file: string;
  /**
   * Size in bytes as stored; for a source without files, an estimate; null if a server does not report it.
   */
  readonly size: number | null;
  /** The pieces of the file; null if it is read whole. */
  readonly pieces: FilePieces | null;
  /** Whether it is a source without files, such as an embedded corpus. Default: false. */
  readonly embedded?: boolean;
  /** What the file was when the plan was made, if the plan is kept. */
  readonly identity?: InputIdentity;
}

/** Pieces of `every` bytes, or ranges of rows with their sizes in bytes. */
export type FilePieces =
  | Readonly<{ every: number }>
  | Readonly<{ rows: readonly (readonly [begin: number, end: number, bytes: number])[] }>;

/** One piece of an input; `partsOf` returns its documents. */
export interface InputPiece {
  /** The input that it is a piece of. */
  readonly input: PlannedInput;
  /** Index among the pieces of all inputs. */
  readonly index: number;
  /** Size in bytes. */
  readonly bytes: number;
  /** The part of the file; nothing for the whole file. */
  readonly reading: Pick<FileOptions, "range" | "rows" | "isUtf8">;
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
  const inputs: PlannedInput[] = [];
  for (const input of await findInputs(uris, options)) inputs.push(await planInput(input, options));
  return await partsOf(piecesOf(inputs), options);
}

/** Returns the parts of files, as `findParts` does. */
export async function partsOfFiles(
  files: readonly SourceFile[],
  options: PartOptions = {},
): Promise<readonly SourcePart[]> {
  const inputs: PlannedInput[] = [];
  for (const { path, size } of files) {
    inputs.push(await planInput({ file: path, size, pieces: null }, options));
  }
  return await partsOf(piecesOf(inputs), options);
}

/**
 * Returns the inputs of all URIs in reading order, not divided yet. Throws the same errors as `findParts`.
 */
export async function findInputs(
  uris: readonly string[],
  options: SourceOptions = {},
): Promise<readonly PlannedInput[]> {
  const inputs: PlannedInput[] = [];
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
      inputs.push({ file: uri, size: resolved.characters, pieces: null, embedded: true });
    } else {
      inputs.push(...resolved.files.map(({ path, size }) => ({ file: path, size, pieces: null })));
    }
  }
  return inputs;
}

/** Decides how an input is divided. Throws RangeError for an unknown file type. */
export async function planInput(
  input: PlannedInput,
  { partBytes = TEXT_CELL, ...options }: PartOptions = {},
): Promise<PlannedInput> {
  if (!(partBytes >= 1)) throw new RangeError(`partBytes is ${partBytes}: expected at least 1`);
  const { file, size, embedded = false } = input;
  if (embedded) return input;
  fileReader(file, options); // throws for an unknown file type
  if (size === null || size <= partBytes) return input;
  if (fileKind(file) === ".parquet") {
    return { ...input, pieces: await rowPieces(file, { ...options, partBytes }) };
  }
  return await canSplit(file, options.encoding) ? { ...input, pieces: { every: partBytes } } : input;
}

/** Returns the pieces of inputs, in reading order. They are made anew each time they are iterated. */
export function piecesOf(inputs: readonly PlannedInput[]): Iterable<InputPiece> {
  return {
    *[Symbol.iterator]() {
      let index = 0;
      for (const input of inputs) {
        const { pieces } = input, size = input.size ?? 0;
        if (pieces === null) yield { input, index: index++, bytes: size, reading: {} };
        else if ("rows" in pieces) {
          for (const [begin, end, bytes] of pieces.rows) {
            yield { input, index: index++, bytes, reading: { rows: { begin, end } } };
          }
        } else {
          for (let begin = 0; begin < size; begin += pieces.every) {
            const last = begin + pieces.every >= size, end = last ? Infinity : begin + pieces.every;
            const bytes = Math.min(end, size) - begin;
            // No other text than UTF-8 is split.
            yield { input, index: index++, bytes, reading: { range: { begin, end }, isUtf8: true } };
          }
        }
      }
    },
  };
}

/** Returns the parts that pieces describe. */
export async function partsOf(
  pieces: Iterable<InputPiece>,
  { partBytes: _, ...options }: PartOptions = {},
): Promise<readonly SourcePart[]> {
  const parts: SourcePart[] = [], known: KnownIdentities = new Map();
  for (const { input: { file, embedded = false }, index, bytes, reading } of pieces) {
    if (embedded) {
      const resolved = await resolveUri(file, options);
      if ("source" in resolved) parts.push({ index, file, bytes, source: resolved.source, local: false });
      continue;
    }
    const local = !isRemote(file), reader = fileReader(file, { ...options, ...reading });
    const source = local ? reader : identified([file], reader, known);
    parts.push({ index, file, bytes, source, local });
  }
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
 * Returns the parts, or pieces, that the process with index `rank` reads if there are `world` processes.
 * These are consecutive, and every process gets about the same number of bytes. The documents of all
 * processes, concatenated in order of rank, are the same as those of a single process.
 */
export function partsOfRank<T extends { readonly bytes: number }>(
  parts: Iterable<T>,
  { rank, world }: { readonly rank: number; readonly world: number },
): readonly T[] {
  const weight = ({ bytes }: T): number => Math.max(1, bytes); // the size of a remote file may be unknown
  let total = 0, before = 0;
  for (const part of parts) total += weight(part);
  const own: T[] = [];
  for (const part of parts) {
    const middle = before + weight(part) / 2;
    before += weight(part);
    if (Math.min(world - 1, Math.floor(middle / total * world)) === rank) own.push(part);
  }
  return own;
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

/** Returns ranges of row groups; null for a damaged file, of which only what can be read is wanted. */
async function rowPieces(
  path: string,
  { partBytes, damaged }: PartOptions & { readonly partBytes: number },
): Promise<FilePieces | null> {
  const parts: { begin: number; end: number; bytes: number }[] = [];
  const groups = await parquetRowGroups(path).catch((error) => {
    if (damaged !== "skip" || !isDamage(error)) throw error;
    return [];
  });
  for (const group of groups) {
    const last = parts.at(-1);
    if (last === undefined || last.bytes + group.bytes > partBytes) parts.push({ ...group });
    else [last.end, last.bytes] = [group.end, last.bytes + group.bytes];
  }
  return parts.length === 0
    ? null
    : { rows: parts.map(({ begin, end, bytes }) => [begin, end, bytes] as const) };
}
