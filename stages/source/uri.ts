/**
 * `--source`: what a user names, as one source of documents.
 *
 * @module
 */
import { packingOf, unpackedName } from "../format/packed/compressed.ts";
import { findRemote, isRemote } from "../format/web/remote.ts";
import type { Stretch } from "../format/packed/byte_range.ts";
import type { Source } from "../flow/stage.ts";
import type { Document } from "../items.ts";
import { chain } from "./chain.ts";
import { embedded, type EmbeddedName, embeddedNames, embeddedSizes } from "./embedded/embedded.ts";
import { filesMatching } from "./glob.ts";
import { htmlFile, type PageOptions } from "./files/html.ts";
import { hubFiles, type HubOptions, isHub } from "./hub.ts";
import { mix } from "./mix.ts";
import { parquetFile } from "./files/parquet.ts";
import { emptyFileError, fileSize } from "./files/read_errors.ts";
import { jsonFile, jsonlFile } from "./files/json_files.ts";
import { standardInput } from "./files/standard_input.ts";
import { textFile } from "./files/text.ts";
import { warcFile } from "./files/warc.ts";

/** How a file is read: pages, damage, and which part of it. */
export interface FileOptions extends PageOptions {
  /** Of text, JSON lines and archives. */
  readonly stretch?: Stretch;
  /** Of Parquet. */
  readonly rows?: Readonly<{ begin: number; end: number }>;
}

const readers: Readonly<Record<string, (path: string, options: FileOptions) => Source<Document>>> = {
  ".txt": textFile,
  ".md": textFile,
  ".html": htmlFile,
  ".htm": htmlFile,
  ".jsonl": jsonlFile,
  ".json": jsonFile,
  ".parquet": parquetFile,
  ".warc": warcFile,
  ".wet": warcFile,
};

/** The kinds of file that `openSource` reads; each but .parquet also with .gz or .zst after it. */
export const fileKinds: readonly string[] = Object.keys(readers);

/** What was found for the URIs: for people, before a run begins. */
export interface SourceSummary {
  /** The URIs. */
  readonly name: string;
  /** Files, in the order they are read. */
  readonly files: readonly string[];
  /** Their sizes together, packed as they are. */
  readonly bytes: number;
}

/** A source of documents, and what it will read. */
export interface OpenedSource {
  /** To begin a flow with. */
  readonly source: Source<Document>;
  /** What it will read. */
  readonly summary: SourceSummary;
}

/**
 * The source that URIs name: `embedded` (speeches and mails, mixed in an order that the run's seed decides),
 * `embedded:sotu`, `embedded:spam-assassin`, a path or glob, an http or https URL, `hf:OWNER/NAME[@REVISION][/PATH]`,
 * `-` for JSON lines on standard input. The files of a glob or dataset are read one after another, sorted by path;
 * several URIs are mixed in proportion to their sizes.
 *
 * Throws, before anything is read: RangeError for an unknown kind or corpus, Deno.errors.NotFound for a missing file or
 * a glob without files, Deno.errors.InvalidData for an empty file, and what `findRemote` and `hubFiles` throw.
 */
export async function openSource(
  uris: readonly string[],
  options: SourceOptions = {},
): Promise<Source<Document>> {
  return (await findSource(uris, options)).source;
}

/** How to read: what documents of pages hold, what to do about damage, and how patient to be with servers. */
export interface SourceOptions extends PageOptions, HubOptions {}

/** As `openSource`, with what was found. */
export async function findSource(
  uris: readonly string[],
  options: SourceOptions = {},
): Promise<OpenedSource> {
  if (uris.length === 0) throw new RangeError("No source: pass embedded, a path, a URL or -");
  const found: UriSource[] = [];
  for (const uri of uris) found.push(await find(uri, options));
  const name = uris.join(" ");
  return {
    source: found.length === 1 ? found[0].source : mix(
      name,
      found.map(({ source, characters }) => ({ source, size: characters })),
      { measure: (doc) => doc.text.length },
    ),
    summary: {
      name,
      files: found.flatMap(({ files }) => files),
      bytes: found.reduce((sum, { bytes }) => sum + bytes, 0),
    },
  };
}

/** A file, and its size in bytes where it is known. */
export type SourceFile = Readonly<{ path: string; size: number | null }>;

/** What one URI names: files to read one after another, or a source that is none. */
export type ResolvedUri =
  | Readonly<{ files: readonly SourceFile[] }>
  | Readonly<{ source: Source<Document>; characters: number }>;

/** What a URI names, nothing read yet. Throws as `openSource`. */
export async function resolveUri(uri: string, options: SourceOptions = {}): Promise<ResolvedUri> {
  if (uri === "embedded") return { source: allEmbedded(), characters: 22e6 };
  if (uri.startsWith("embedded:")) {
    return { source: embedded(corpus(uri.slice("embedded:".length))), characters: 11e6 };
  }
  if (uri === "-") return { source: standardInput(undefined, options), characters: 1e6 };
  const files = await filesNamed(uri, options);
  const empty = files.find(({ size }) => size === 0);
  if (empty !== undefined && options.damaged !== "skip") throw emptyFileError(empty.path);
  return { files };
}

async function filesNamed(uri: string, options: SourceOptions): Promise<readonly SourceFile[]> {
  if (isHub(uri)) {
    const files = await hubFiles(uri, { ...options, accepts: (name) => fileKind(name) !== undefined });
    return files.map(({ url, size }) => ({ path: url, size }));
  }
  if (isRemote(uri)) return [{ path: uri, size: (await findRemote(uri, options)).size }];
  return expand(uri).map((path) => ({ path, size: fileSize(path) }));
}

/** What one URI names as one source; `characters` is a guess at its text's length. */
interface UriSource {
  readonly source: Source<Document>;
  readonly files: readonly string[];
  readonly bytes: number;
  readonly characters: number;
}

async function find(uri: string, options: SourceOptions): Promise<UriSource> {
  const named = await resolveUri(uri, options);
  if ("source" in named) return { ...named, files: [], bytes: 0 };
  const { files } = named;
  const sources = files.map(({ path }) => fileSource(path, options));
  return {
    source: sources.length === 1 ? sources[0] : chain(uri, sources),
    files: files.map(({ path }) => path),
    bytes: files.reduce((sum, { size }) => sum + (size ?? 0), 0),
    characters: files.reduce( // text packs to about a third
      (sum, { path, size }) => sum + (size ?? 1e6) * (packingOf(path) === null ? 1 : 3),
      0,
    ),
  };
}

/** All embedded corpora, mixed in proportion to their documents. */
function allEmbedded(): Source<Document> {
  return mix(
    "embedded",
    embeddedNames.map((name) => ({ source: embedded(name), size: embeddedSizes[name] })),
  );
}

function corpus(name: string): EmbeddedName {
  const found = embeddedNames.find((known) => known === name);
  if (found === undefined) {
    throw new RangeError(`Unknown embedded corpus "${name}": wanted ${embeddedNames.join(" or ")}`);
  }
  return found;
}

/** A file, or part of one, as documents. Throws RangeError for a kind that is not read. */
export function fileSource(path: string, options: FileOptions = {}): Source<Document> {
  const name = unpackedName(path);
  const kind = fileKind(path);
  if (kind === undefined || (kind === ".parquet" && packingOf(path) !== null)) {
    throw new RangeError(
      kind === undefined
        ? `Cannot read ${path}: its kind is unknown: wanted ${fileKinds.join(" ")}, also with .gz or .zst`
        : `Cannot read ${path}: Parquet is packed inside: unpack the file and pass ${name}`,
    );
  }
  return readers[kind](path, options);
}

/** Which of `fileKinds` a file is, by its name. */
export function fileKind(path: string): string | undefined {
  const name = unpackedName(path).toLowerCase();
  return fileKinds.find((ending) => name.endsWith(ending));
}

/** A path that exists is itself, whatever characters it has; else it may be a glob. */
function expand(uri: string): string[] {
  if (exists(uri) || !/[*?[{]/.test(uri)) return [uri];
  const found = filesMatching(uri);
  if (found.length === 0) {
    throw new Deno.errors.NotFound(
      `No file fits ${uri}: check the path, and quote it so that the shell leaves it alone`,
    );
  }
  return found;
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
