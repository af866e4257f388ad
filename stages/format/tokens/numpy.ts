/**
 * build-nanogpt's token shards: NumPy's `.npy` files with one dimension of uint16, uint32 or int32, after a
 * header that is the text of a Python dictionary. Source: numpy/lib/format.py; karpathy/build-nanogpt
 * fineweb.py.
 *
 * @module
 */
import { openFileSync } from "../../disk/files.ts";
import { type TokenBytes, type TokenFile, tokenFile, type TokenLayout } from "./token_file.ts";

/** Longest header that is read. */
export const MAX_HEADER_BYTES = 1 << 16; // NumPy pads the header of such an array to 128 bytes
const widths: Readonly<Record<string, 2 | 4>> = { "<u2": 2, "<u4": 4, "<i4": 4 };

/**
 * Opens a token file. Throws Deno.errors.InvalidData for a file of another kind or type of number, and
 * Deno.errors.UnexpectedEof for one that is truncated.
 */
export function openNumpyTokens(path: string): TokenFile {
  return tokenFile(openFileSync(path), { path, layoutOf: numpyLayout });
}

/** The layout of a token file. Throws the errors of `openNumpyTokens` about its content. */
export function numpyLayout(file: TokenBytes): TokenLayout {
  const { path, size } = file;
  const refuse = (why: string): Error =>
    new Deno.errors.InvalidData(
      `Cannot read ${path} as NumPy's token ids: ${why}: write them with np.save(path, tokens.astype(np.uint16))`,
    );
  if (size < 12) throw refuse(`it has ${size} bytes`);
  const head = file.bytes(0, 12), view = new DataView(head.buffer);
  if (head[0] !== 0x93 || new TextDecoder().decode(head.subarray(1, 6)) !== "NUMPY") {
    throw refuse("it does not begin with NumPy's magic number");
  }
  const begin = head[6] === 1 ? 10 : 12,
    length = begin === 10 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > MAX_HEADER_BYTES || begin + length > size) {
    throw refuse(`its header has ${length} bytes, in a file of ${size}`);
  }
  const header = new TextDecoder("latin1").decode(file.bytes(begin, length));
  const type = /'descr':\s*'([^']*)'/.exec(header)?.[1], shape = /'shape':\s*\((\d+),\s*\)/.exec(header)?.[1];
  const width = type !== undefined && Object.hasOwn(widths, type) ? widths[type] : undefined;
  if (width === undefined) {
    throw refuse(`its numbers have the type ${JSON.stringify(type ?? header.slice(0, 60))}`);
  }
  if (shape === undefined) throw refuse("its shape is not one dimension");
  const count = Number(shape), end = begin + length + count * width;
  if (!Number.isSafeInteger(count) || end !== size) {
    throw new Deno.errors.UnexpectedEof(
      `Cannot read ${path}: it has ${size} bytes, expected ${end} for its ${count} tokens: copy it again`,
    );
  }
  if (count === 0) throw refuse("it has no tokens");
  return { path, offset: begin + length, width, count };
}
