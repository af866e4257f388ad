/**
 * Turns the URIs of `--source` into one source of documents.
 *
 * @module
 */
import { fileInfoSync } from "../disk/files.ts";
import { existsSync, isFolderSync } from "../disk/whole_files.ts";
import { packingEndings, packingOfName } from "../format/packed/packing.ts";
import { findRemote, isRemote } from "../format/web/remote.ts";
import { isS3 } from "../format/web/s3/s3_uri.ts";
import type { Source } from "../flow/stage.ts";
import type { Document } from "../items.ts";
import { chain } from "./chain.ts";
import { embedded, type EmbeddedName, embeddedNames, embeddedSizes } from "./embedded/embedded.ts";
import { fileKind, fileKinds, fileReader, fileSource } from "./files/file_source.ts";
import type { PageOptions } from "./files/html.ts";
import { emptyFileError } from "./files/read_errors.ts";
import type { RecordKeys } from "./files/record.ts";
import type { PlainTextOptions } from "./files/text.ts";
import { standardInput } from "./files/standard_input.ts";
import { filesBelow, filesMatching } from "./glob.ts";
import { hubFiles, type HubOptions, isCard, isHub } from "./hub.ts";
import { identified } from "./identity.ts";
import { mix } from "./mix.ts";
import { s3Files } from "./s3.ts";
import { weightOf } from "./weight.ts";

/** A summary of the input, to be printed before a run begins. */
export interface SourceSummary {
  /** The URIs, separated by spaces. */
  readonly name: string;
  /** Paths or URLs of the files, in reading order. */
  readonly files: readonly string[];
  /** Total size of the files in bytes, as they are stored (compressed or not). */
  readonly bytes: number;
}

/** A source of documents, and a summary of what it will read. */
export interface OpenedSource {
  /** Source of the documents, from which a flow can be made. */
  readonly source: Source<Document>;
  /** Summary of the input. */
  readonly summary: SourceSummary;
}

/**
 * Returns the source for a list of URIs. A URI is one of:
 *
 * - `embedded`: the two embedded corpora, mixed in an order that the run's seed decides
 * - `embedded:sotu` or `embedded:spam-assassin`
 * - a path or a glob
 * - a folder: all files in it and in its folders whose type can be read, in the order of their paths, except
 *   empty ones and those whose name or folder begins with a dot; of a folder with tables (.arrow, .parquet,
 *   .jsonl, .csv, .tsv), such as `save_to_disk()` of `datasets` writes, without cards and configurations
 * - an http or https URL
 * - `hf:OWNER/NAME[@REVISION][/PATH]`
 * - `s3://BUCKET/KEY`: an object, a folder or a glob
 * - `-`: JSON lines on standard input
 *
 * The files of a glob or dataset are read one after another, sorted by path. Several URIs are mixed in
 * proportion to their sizes. If one of them ends with `*WEIGHT`, they are mixed by weight, measured in
 * characters; a URI without a weight then has the weight 1. A source that has ended drops out.
 *
 * Throws before any document is read: RangeError for an unknown file type or corpus, Deno.errors.NotFound for
 * a missing file or a glob that matches nothing, Deno.errors.InvalidData for an empty file, and the errors of
 * `findRemote`, `hubFiles` and `s3Files`.
 *
 * @example
 * ```ts
 * import { from, openSource } from "@stagewise/gpt";
 *
 * const dir = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${dir}/notes.txt`, "We the People");
 * const documents = from(await openSource([`${dir}/*.txt`]));
 * console.log((await Array.fromAsync(documents.stream())).map(({ text }) => text)); // [ "We the People" ]
 * ```
 */
export async function openSource(
  uris: readonly string[],
  options: SourceOptions = {},
): Promise<Source<Document>> {
  return (await findSource(uris, options)).source;
}

/** How sources are read: web pages, records, damaged input, access to the Hub, retries of failed requests. */
export interface SourceOptions extends PageOptions, PlainTextOptions, RecordKeys, HubOptions {}

/** Works like `openSource`, but also returns a summary of the input. */
export async function findSource(
  uris: readonly string[],
  options: SourceOptions = {},
): Promise<OpenedSource> {
  if (uris.length === 0) throw new RangeError("No source: pass embedded, a path, a URL or -");
  const parts: UriSource[] = [];
  for (const uri of uris) parts.push(await sourceOf(uri, options));
  const name = uris.join(" "), isWeighted = parts.some(({ weight }) => weight !== null);
  return {
    source: parts.length === 1 ? parts[0].source : mix(
      name,
      parts.map(({ source, characters, weight }) => ({
        source,
        size: characters,
        ...(isWeighted && { weight: weight ?? 1 }),
      })),
      {
        measure: options.records === true ? sizeOfRecord : isWeighted ? sizeOfText : (doc) => doc.text.length,
      },
    ),
    summary: {
      name,
      files: parts.flatMap(({ files }) => files),
      bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
    },
  };
}

function sizeOfText({ html, text }: Document): number {
  return Math.max(1, (html ?? text).length);
}

function sizeOfRecord({ metadata }: Document): number {
  return JSON.stringify(metadata ?? {}).length;
}

/** Path or URL of a file, and its size in bytes; null if the server does not report it. */
export type SourceFile = Readonly<{ path: string; size: number | null }>;

/**
 * What a URI refers to: files, or a source without files and the estimated length of its text in characters.
 */
export type ResolvedUri =
  | Readonly<{ files: readonly SourceFile[] }>
  | Readonly<{ source: Source<Document>; characters: number }>;

/**
 * Finds what a URI refers to, apart from its weight, without reading documents. Throws the same errors as
 * `openSource`.
 */
export async function resolveUri(given: string, options: SourceOptions = {}): Promise<ResolvedUri> {
  const { uri } = weightOf(given);
  if (uri === "embedded") return { source: allEmbedded(), characters: 22e6 };
  if (uri.startsWith("embedded:")) {
    return { source: embedded(corpus(uri.slice("embedded:".length))), characters: 11e6 };
  }
  if (uri === "-") return { source: standardInput(undefined, options), characters: 1e6 };
  const all = await filesOf(uri, options);
  // A folder of notes may have empty ones.
  const files = isFolderSync(uri) ? all.filter(({ size }) => size !== 0) : all;
  const empty = files.find(({ size }) => size === 0);
  if (empty !== undefined && options.damaged !== "skip") throw emptyFileError(empty.path);
  return { files };
}

async function filesOf(uri: string, options: SourceOptions): Promise<readonly SourceFile[]> {
  if (isHub(uri)) {
    const files = await hubFiles(uri, { ...options, accepts: (name) => fileKind(name) !== undefined });
    return files.map(({ url, size }) => ({ path: url, size }));
  }
  if (isS3(uri)) {
    const files = await s3Files(uri, { ...options, choose: (uris) => dataAmong(uris, uri) });
    return files.map(({ uri, size }) => ({ path: uri, size }));
  }
  if (isRemote(uri)) return [{ path: uri, size: (await findRemote(uri, options)).size }];
  return expand(uri).map((path) => ({ path, size: fileInfoSync(path).size }));
}

/** The source of one URI. */
interface UriSource {
  readonly source: Source<Document>;
  readonly files: readonly string[];
  /** Total size of the files in bytes. */
  readonly bytes: number;
  /** Estimated length of the text in characters. */
  readonly characters: number;
  /** Weight at the end of the URI; null if it has none. */
  readonly weight: number | null;
}

async function sourceOf(uri: string, options: SourceOptions): Promise<UriSource> {
  const resolved = await resolveUri(uri, options);
  const { uri: name, weight } = weightOf(uri);
  if ("source" in resolved) return { ...resolved, files: [], bytes: 0, weight };
  const { files } = resolved;
  return {
    weight,
    source: sourceOfFiles(name, { paths: files.map(({ path }) => path), options }),
    files: files.map(({ path }) => path),
    bytes: files.reduce((sum, { size }) => sum + (size ?? 0), 0),
    characters: files.reduce( // text compresses to about a third of its size
      (sum, { path, size }) => sum + (size ?? 1e6) * (packingOfName(path) === null ? 1 : 3),
      0,
    ),
  };
}

/**
 * Returns the documents of files, read one after another. The identities of all local files are saved with
 * each position. Of many files on servers, only the one that is read is compared: the others would cost a
 * request each, and a dataset of the Hub names its commit in every URL.
 */
function sourceOfFiles(
  name: string,
  { paths, options }: { readonly paths: readonly string[]; readonly options: SourceOptions },
): Source<Document> {
  if (paths.length === 1) return fileSource(paths[0], options);
  return paths.some(isRemote)
    ? chain(name, paths.map((path) => fileSource(path, options)))
    : identified(paths, chain(name, paths.map((path) => fileReader(path, options))));
}

/** Returns all embedded corpora, mixed in proportion to their numbers of documents. */
function allEmbedded(): Source<Document> {
  return mix(
    "embedded",
    embeddedNames.map((name) => ({ source: embedded(name), size: embeddedSizes[name] })),
  );
}

function corpus(name: string): EmbeddedName {
  const found = embeddedNames.find((known) => known === name);
  if (found === undefined) {
    throw new RangeError(`Unknown embedded corpus "${name}": expected ${embeddedNames.join(" or ")}`);
  }
  return found;
}

/** Types of files in a folder of which README.md, config.json and their like describe the data. */
const tables: ReadonlySet<string> = new Set([".arrow", ".parquet", ".jsonl", ".csv", ".tsv"]);

/**
 * Returns the files in a folder that can be read: all, or only the data if the folder holds a dataset. Throws
 * Deno.errors.NotFound if there is none.
 */
function filesInFolder(folder: string): readonly string[] {
  return dataAmong(filesBelow(folder), folder);
}

/** Returns those of the files in a folder that can be read, as `filesInFolder` does. */
function dataAmong(files: readonly string[], folder: string): readonly string[] {
  const found = files.filter((path) => fileKind(path) !== undefined);
  const hasTables = found.some((path) => tables.has(fileKind(path) ?? ""));
  const data = hasTables ? found.filter((path) => !isCard(path.slice(path.lastIndexOf("/") + 1))) : found;
  if (data.length > 0) return data;
  throw new Deno.errors.NotFound(
    `Cannot read documents from ${folder}: the folder has no file of a type that can be read: expected ${
      fileKinds.join(" ")
    }, also with ${packingEndings}`,
  );
}

/**
 * Returns the files of a path or glob. A path that exists is never treated as a glob, even if it contains
 * glob characters.
 */
function expand(uri: string): readonly string[] {
  if (isFolderSync(uri)) return filesInFolder(uri);
  if (existsSync(uri) || !/[*?[{]/.test(uri)) return [uri];
  const found = filesMatching(uri);
  if (found.length === 0) {
    throw new Deno.errors.NotFound(
      `No file matches ${uri}: check the path, and quote it so that the shell does not expand it`,
    );
  }
  return found;
}
