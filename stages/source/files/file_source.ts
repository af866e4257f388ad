/**
 * Chooses the reader for a file by its name.
 *
 * @module
 */
import { packingEndings, packingOfName, unpackedName } from "../../format/packed/packing.ts";
import type { ByteRange } from "../../format/packed/byte_range.ts";
import type { Source } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { identified } from "../identity.ts";
import { arrowFile } from "./arrow.ts";
import { csvFile } from "./csv.ts";
import { htmlFile, type PageOptions } from "./html.ts";
import { jsonByContent } from "./json_by_content.ts";
import { parquetFile } from "./parquet.ts";
import type { RecordKeys } from "./record.ts";
import { type PlainTextOptions, textFile, type TextOptions } from "./text.ts";
import { warcFile } from "./warc.ts";

/** How a file is read, and which part of it. */
export interface FileOptions extends PageOptions, PlainTextOptions, RecordKeys, Pick<TextOptions, "isUtf8"> {
  /** Range of bytes to read, for text, JSON lines and web archives (default: the whole file). */
  readonly range?: ByteRange;
  /** Range of rows to read, for Parquet (default: all rows). */
  readonly rows?: Readonly<{ begin: number; end: number }>;
}

const readers: Readonly<Record<string, (path: string, options: FileOptions) => Source<Document>>> = {
  ".txt": textFile,
  ".md": textFile,
  ".html": htmlFile,
  ".htm": htmlFile,
  ".jsonl": (path, options) => jsonByContent(path, { ...options, otherwise: "lines" }),
  ".json": (path, options) => jsonByContent(path, { ...options, otherwise: "value" }),
  ".csv": csvFile,
  ".tsv": csvFile,
  ".arrow": arrowFile,
  ".parquet": parquetFile,
  ".warc": warcFile,
  ".wet": warcFile,
};

/** Extensions of the file types that can be read; all files but Parquet's may be compressed. */
export const fileKinds: readonly string[] = Object.keys(readers);

/**
 * Returns the documents of a file or of a part of it. A run does not resume in a file that has changed: see
 * `identified`. Throws RangeError for a file type that cannot be read.
 */
export function fileSource(path: string, options: FileOptions = {}): Source<Document> {
  return identified([path], fileReader(path, options));
}

/** The same documents, without the identity of the file. */
export function fileReader(path: string, options: FileOptions = {}): Source<Document> {
  const kind = fileKind(path);
  if (kind === undefined) {
    throw new RangeError(
      `Cannot read ${path}: its file type is unknown: expected ${
        fileKinds.join(" ")
      }, also with ${packingEndings}`,
    );
  }
  if (kind === ".parquet" && packingOfName(path) !== null) {
    throw new RangeError(
      `Cannot read ${path}: Parquet is compressed internally: decompress the file and pass ${
        unpackedName(path)
      }`,
    );
  }
  return readers[kind](path, options);
}

/**
 * Returns the entry of `fileKinds` that is the extension of a file name, or undefined for other extensions.
 */
export function fileKind(path: string): string | undefined {
  const name = unpackedName(path).toLowerCase();
  return fileKinds.find((ending) => name.endsWith(ending));
}
