/**
 * datatrove's `.ds` files: token ids, little-endian, nothing else; `.ds.index` beside them holds where each
 * document ends, in tokens as uint64, and `.ds.metadata` the tokenizer's name, with "|4" after it where ids
 * have four bytes. Source: huggingface/datatrove pipeline/tokens/tokenizer.py.
 *
 * @module
 */
import { readFully, type TokenFile, tokenFile } from "./token_file.ts";
import { openFileSync } from "../../disk/files.ts";

/**
 * Opens a token file. Its index, where there is one, tells how long it is, so that one cut short is seen.
 * Throws Deno.errors.InvalidData if it is empty, ends within a token or does not fit its index,
 * Deno.errors.NotFound if there is none.
 */
export function openDatatroveDs(path: string): TokenFile {
  const file = openFileSync(path);
  try {
    const { size } = file.statSync();
    const refuse = (why: string): Error =>
      new Deno.errors.InvalidData(`Cannot read ${path} as datatrove's tokens: ${why}`);
    if (size === 0) throw refuse("the file is empty");
    const told = countOfIndex(`${path}.index`),
      width = told === null ? widthOfMetadata(`${path}.metadata`) : size / told;
    if (width !== 2 && width !== 4) {
      throw refuse(
        `its ${size} bytes do not fit the ${told} tokens of its index: it or the index was cut short`,
      );
    }
    if (size % width !== 0) {
      throw refuse(`its ${size} bytes are no whole number of ${width}-byte tokens: it was cut short`);
    }
    return tokenFile(file, { path, offset: 0, width, count: size / width });
  } catch (error) {
    file.close();
    throw error;
  }
}

/** The end of the last document; null: there is no index. */
function countOfIndex(path: string): number | null {
  const file = openIfThere(path);
  if (file === null) return null;
  try {
    const { size } = file.statSync();
    if (size < 8 || size % 8 !== 0) {
      throw new Deno.errors.InvalidData(
        `Cannot read ${path}: its ${size} bytes are no whole number of 8-byte ends`,
      );
    }
    const last = new Uint8Array(8);
    file.seekSync(size - 8, Deno.SeekMode.Start);
    readFully(file, last, { path, at: size - 8 });
    return Number(new DataView(last.buffer).getBigUint64(0, true));
  } finally {
    file.close();
  }
}

/** "gpt2|2" is its first line; without it ids have two bytes. */
function widthOfMetadata(path: string): 2 | 4 {
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
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
