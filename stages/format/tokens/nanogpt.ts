/**
 * nanoGPT's `train.bin` and `val.bin`: little-endian uint16 token ids without a header. Source:
 * karpathy/nanoGPT data/openwebtext/prepare.py.
 *
 * @module
 */
import {
  openFinalOrPartial,
  PARTIAL,
  type TokenBytes,
  type TokenFile,
  tokenFile,
  type TokenLayout,
} from "./token_file.ts";

/**
 * Opens a token file: `path`, or `path.partial` while the file is still being written. An incomplete token at
 * the end of a partial file is ignored. A token has `width` bytes. Throws Deno.errors.InvalidData for a file
 * that is empty or ends within a token, and Deno.errors.NotFound if there is no file.
 */
export function openNanogptBin(path: string, width: 2 | 4 = 2): TokenFile {
  const { file, actual } = openFinalOrPartial(path);
  return tokenFile(file, { path: actual, layoutOf: (file) => nanogptLayout(file, width) });
}

/** The layout of a file. Throws Deno.errors.InvalidData for one that is empty or ends within a token. */
export function nanogptLayout({ path, size }: TokenBytes, width: 2 | 4): TokenLayout {
  if (!path.endsWith(PARTIAL) && (size === 0 || size % width !== 0)) {
    throw new Deno.errors.InvalidData(
      `Cannot read ${path} as a token file without a header: ` +
        (size === 0
          ? "the file is empty"
          : `it has ${size} bytes, expected a multiple of ${width} bytes per token: it is truncated`),
    );
  }
  return { path, offset: 0, width, count: Math.floor(size / width) };
}
