/**
 * datatrove's `.ds` files: little-endian token ids without a header. The file `.ds.index` beside it has the
 * end of each document, in tokens, as uint64; `.ds.metadata` has the tokenizer's name, followed by "|4" if
 * ids have four bytes. Source: huggingface/datatrove pipeline/tokens/tokenizer.py.
 *
 * @module
 */
import { readFullSync } from "../../disk/exact_io.ts";
import { isMissing } from "../../disk/file_error.ts";
import { openFileSync } from "../../disk/files.ts";
import { type TokenBytes, type TokenFile, tokenFile, type TokenLayout } from "./token_file.ts";

/**
 * Opens a token file. Its index, if there is one, gives the expected number of tokens, so that truncation is
 * detected. Throws Deno.errors.InvalidData for a file that is empty, ends within a token or contradicts its
 * index, and Deno.errors.NotFound if there is no file.
 */
export function openDatatroveDs(path: string): TokenFile {
  return tokenFile(openFileSync(path), { path, layoutOf: datatroveLayout });
}

/** The layout of a token file. Throws the errors of `openDatatroveDs` about its content. */
export function datatroveLayout({ path, beside, size }: TokenBytes): TokenLayout {
  const refuse = (why: string): Error =>
    new Deno.errors.InvalidData(`Cannot read ${path} as a datatrove token file: ${why}`);
  if (size === 0) throw refuse("the file is empty");
  const count = indexedTokens(`${beside}.index`);
  const width = count === null ? widthFromMetadata(`${beside}.metadata`) : size / count;
  if (width !== 2 && width !== 4) {
    throw refuse(
      `it has ${size} bytes, but its index counts ${count} tokens: the file or the index is truncated`,
    );
  }
  if (size % width !== 0) {
    throw refuse(`it has ${size} bytes, expected a multiple of ${width} bytes per token: it is truncated`);
  }
  return { path, offset: 0, width, count: size / width };
}

/**
 * Returns the number of tokens according to the index, whose last entry is the end of the last document, or
 * null without an index.
 */
function indexedTokens(path: string): number | null {
  const file = openIfThere(path);
  if (file === null) return null;
  try {
    const { size } = file.statSync();
    if (size < 8 || size % 8 !== 0) {
      throw new Deno.errors.InvalidData(
        `Cannot read ${path}: it has ${size} bytes, expected a multiple of the 8 bytes per document`,
      );
    }
    const last = new Uint8Array(8);
    file.seekSync(size - 8, Deno.SeekMode.Start);
    readFullSync(file, last, { path });
    return Number(new DataView(last.buffer).getBigUint64(0, true));
  } finally {
    file.close();
  }
}

/**
 * Returns the bytes per id according to the first line of the metadata, such as "gpt2|2"; it is 2 without
 * metadata.
 */
function widthFromMetadata(path: string): 2 | 4 {
  const file = openIfThere(path);
  if (file === null) return 2;
  try {
    const first = new Uint8Array(1024);
    const count = file.readSync(first) ?? 0;
    const [line] = new TextDecoder().decode(first.subarray(0, count)).split("\n");
    return line.endsWith("|4") ? 4 : 2;
  } finally {
    file.close();
  }
}

function openIfThere(path: string): Deno.FsFile | null {
  try {
    return openFileSync(path);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}
