/**
 * How files are compressed: what their names say and what their first bytes say. The content decides; a name
 * counts only where no content has been read.
 *
 * @module
 */
import { isRemote } from "../web/remote.ts";
import { isS3 } from "../web/s3/s3_uri.ts";

/** Endings of the names of compressed files, without the dot. */
const packings = ["gz", "zst", "bz2", "xz", "lz4"] as const;

/** Compression of a file; null if there is none. */
export type Packing = typeof packings[number] | null;

/** The endings, as messages and help name them: ".gz, .zst, .bz2, .xz or .lz4". */
export const packingEndings: string = packings.map((ending) => `.${ending}`).join(", ").replace(
  /, ([^,]*)$/,
  " or $1",
);

/** Number of bytes at the beginning of a file that `packingOfBytes` needs. */
export const PACKING_BYTES = 10;

const ENDING = new RegExp(`\\.(${packings.join("|")})$`, "i");

const MAGIC: readonly (readonly [Exclude<Packing, null>, readonly number[]])[] = [
  ["gz", [0x1F, 0x8B, 8]], // the third byte means deflate, the only compression method
  ["zst", [0x28, 0xB5, 0x2F, 0xFD]],
  ["xz", [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0]],
  ["lz4", [4, 0x22, 0x4D, 0x18]],
  ["lz4", [2, 0x21, 0x4C, 0x18]], // the format before frames, which is refused by name
];

/** Returns the compression that a file's name indicates. */
export function packingOfName(path: string): Packing {
  const ending = ENDING.exec(fileName(path))?.[1].toLowerCase();
  return packings.find((known) => known === ending) ?? null;
}

/** Returns a path without the ending of a compressed file and, for a URL, without its query. */
export function unpackedName(path: string): string {
  return fileName(path).replace(ENDING, "");
}

/**
 * Returns the compression of a file that begins with these bytes; null if they are not those of a compressed
 * file.
 */
export function packingOfBytes(head: Uint8Array): Packing {
  const found = MAGIC.find(([, magic]) => magic.every((byte, i) => head[i] === byte));
  if (found !== undefined) return found[0];
  // A frame to be skipped, which may also stand before lz4's: dictionaries of zstd are kept in such frames.
  if ((head[0] & 0xF0) === 0x50 && head[1] === 0x2A && head[2] === 0x4D && head[3] === 0x18) return "zst";
  return isBzip2(head) ? "bz2" : null;
}

/** Returns whether bytes are a level and the magic number of a block or of the end. */
function isBzip2(head: Uint8Array): boolean {
  const [b, z, h, level, ...magic] = head.subarray(0, PACKING_BYTES);
  return b === 0x42 && z === 0x5A && h === 0x68 && level >= 0x31 && level <= 0x39 &&
    [[0x31, 0x41, 0x59, 0x26, 0x53, 0x59], [0x17, 0x72, 0x45, 0x38, 0x50, 0x90]]
      .some((known) => known.every((byte, i) => magic[i] === byte));
}

/**
 * Returns the compression of a file with this name and these first bytes. A file whose name says that it is
 * compressed, but which begins as text, is not; if it begins with anything else, the name counts.
 */
export function packingOfFile(path: string, head: Uint8Array): Packing {
  return packingOfBytes(head) ?? (isText(head) ? null : packingOfName(path));
}

/** Returns whether bytes are the beginning of a text: some bytes, UTF-8, without control characters. */
function isText(head: Uint8Array): boolean {
  const text = new TextDecoder("utf-8").decode(head, { stream: true });
  // deno-lint-ignore no-control-regex
  return head.length > 0 && !/[\0-\x08\x0E-\x1F\x7F\uFFFD]/.test(text);
}

/** Returns a URL without query and fragment, which are not part of the file's name; a key has neither. */
function fileName(path: string): string {
  return isRemote(path) && !isS3(path) ? path.replace(/[?#].*$/, "") : path;
}
