/**
 * nanoGPT's `train.bin` and `val.bin`: uint16 token ids, little-endian, nothing else. Source:
 * karpathy/nanoGPT data/openwebtext/prepare.py.
 *
 * @module
 */
import { openFinalOrPartial, PARTIAL, type TokenFile, tokenFile } from "./token_file.ts";

/**
 * Opens a raw token file: `path`, or while it still grows `path.partial`, of which whole tokens count. Throws
 * Deno.errors.InvalidData if it is empty or ends within a token, Deno.errors.NotFound if there is none.
 */
export function openNanogptBin(path: string): TokenFile {
  const { file, actual } = openFinalOrPartial(path);
  const { size } = file.statSync();
  if (!actual.endsWith(PARTIAL) && (size === 0 || size % 2 !== 0)) {
    file.close();
    throw new Deno.errors.InvalidData(
      `Cannot read ${path} as nanoGPT tokens: ` +
        (size === 0
          ? "the file is empty"
          : `its ${size} bytes are no whole number of two-byte tokens: it was cut short`),
    );
  }
  return tokenFile(file, { path: actual, offset: 0, width: 2, count: Math.floor(size / 2) });
}
