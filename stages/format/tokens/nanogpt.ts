/**
 * nanoGPT's `train.bin` and `val.bin`: little-endian uint16 token ids without a header. Source:
 * karpathy/nanoGPT data/openwebtext/prepare.py.
 *
 * @module
 */
import { openFinalOrPartial, PARTIAL, type TokenFile, tokenFile } from "./token_file.ts";

/**
 * Opens a token file: `path`, or `path.partial` while the file is still being written. An incomplete token at
 * the end of a partial file is ignored. A token has `width` bytes. Throws Deno.errors.InvalidData for a file
 * that is empty or ends within a token, and Deno.errors.NotFound if there is no file.
 */
export function openNanogptBin(path: string, width: 2 | 4 = 2): TokenFile {
  const { file, actual } = openFinalOrPartial(path);
  const { size } = file.statSync();
  if (!actual.endsWith(PARTIAL) && (size === 0 || size % width !== 0)) {
    file.close();
    throw new Deno.errors.InvalidData(
      `Cannot read ${path} as a token file without a header: ` +
        (size === 0
          ? "the file is empty"
          : `it has ${size} bytes, expected a multiple of ${width} bytes per token: it is truncated`),
    );
  }
  return tokenFile(file, { path: actual, offset: 0, width, count: Math.floor(size / width) });
}
