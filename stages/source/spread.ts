/**
 * A part of a large source that comes from all of it: documents from many places in its files, at equal
 * distances. The held-out text is chosen among them.
 *
 * @module
 */
import { packingOfName } from "../format/packed/packing.ts";
import { isRemote } from "../format/web/remote.ts";
import type { Source } from "../flow/stage.ts";
import type { Document } from "../items.ts";
import { chain } from "./chain.ts";
import { partsOfFiles, type SourcePart } from "./parts.ts";
import { openSource, resolveUri, type SourceFile, type SourceOptions } from "./uri.ts";

/** How much of a source is read. */
export interface SpreadOptions extends SourceOptions {
  /** Number of characters to read, about. */
  readonly characters: number;
  /** Files of this machine are read whole up to this size in characters (default 64 MiB). */
  readonly whole?: number;
}

const MAX_PLACES = 64; // places at which reading begins; a source in few large files has fewer
const MAX_REMOTE = 16; // files of servers that are opened

/** A part of a source that comes from all of it. */
export interface Spread {
  /** The documents of the part. */
  readonly source: Source<Document>;
  /** Number of places at which reading begins; null if the part is all of the source. */
  readonly places: number | null;
}

/**
 * Returns a source of about `characters` characters from all files of these URIs: the documents after at most
 * 64 places at equal distances (in 16 files, if they are on servers). It yields the same documents as the
 * whole source, only fewer; all of them if there are no more, or if the files are on this machine and have at
 * most `whole` characters. Null if no URI refers to files: an embedded corpus is shuffled, and standard input
 * can be read only once. Throws the same errors as `openSource`.
 */
export async function spreadSource(
  uris: readonly string[],
  { characters, whole = 1 << 26, ...options }: SpreadOptions,
): Promise<Spread | null> {
  const files: SourceFile[] = [], others: { source: Source<Document>; size: number }[] = [];
  for (const uri of uris) {
    const resolved = await resolveUri(uri, options);
    if ("files" in resolved) files.push(...resolved.files);
    else others.push({ source: resolved.source, size: resolved.characters });
  }
  if (files.length === 0) return null;
  const fileSize = sum(files.map(sizeOf)), total = fileSize + sum(others.map(({ size }) => size));
  const most = files.some(({ path }) => isRemote(path)) ? characters : Math.max(characters, whole);
  if (total <= most) return { source: await openSource(uris, options), places: null };
  const share = characters / total;
  const parts = spread(await partsOfFiles(chosenFiles(files), options), MAX_PLACES);
  const source = chain("spread", [
    ...parts.map(({ source }) => upTo(source, share * fileSize / parts.length)),
    ...others.map(({ source, size }) => upTo(source, share * size)),
  ]);
  return { source, places: parts.length };
}

/** Estimated length of a file's text: text compresses to about a third of its size. */
function sizeOf({ path, size }: SourceFile): number {
  return (size ?? 1e6) * (packingOfName(path) === null ? 1 : 3);
}

function chosenFiles(files: readonly SourceFile[]): readonly SourceFile[] {
  const sized = files.map((file) => ({ file, bytes: sizeOf(file) }));
  const most = files.some(({ path }) => isRemote(path)) ? MAX_REMOTE : MAX_PLACES;
  return spread(sized, most).map(({ file }) => file);
}

/** At most `count` of these pieces: those in which places at equal distances lie. */
function spread<T extends Pick<SourcePart, "bytes">>(pieces: readonly T[], count: number): readonly T[] {
  const distance = sum(pieces.map(({ bytes }) => bytes)) / count;
  let end = 0, next = distance / 2;
  return pieces.filter(({ bytes }) => {
    end += bytes;
    if (next >= end) return false;
    while (next < end) next += distance;
    return true;
  });
}

/** The first documents of a source, until they have `characters` characters. */
function upTo(source: Source<Document>, characters: number): Source<Document> {
  return {
    ...source,
    async *read(state, ctx) {
      let read = 0;
      for await (const doc of source.read(state, ctx)) {
        yield doc;
        read += (doc.html ?? doc.text).length;
        if (read >= characters) return;
      }
    },
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
