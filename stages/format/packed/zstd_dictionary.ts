/**
 * Unpacks zstd frames that need a dictionary. A web archive carries it in a skippable frame at its start.
 * Source: IIPC, "Zstandard compression for WARC files"; RFC 8878.
 *
 * @module
 */
import { constants, zstdDecompressSync } from "node:zlib";
import { importPackage } from "../../disk/packages.ts";

/** Magic number of the frame with the dictionary. */
export const DICTIONARY_MAGIC = 0x184D2A5D;

/** Greatest length of a dictionary, in bytes. */
export const MAX_DICTIONARY_BYTES = 1 << 24;

/** Greatest unpacked length of a frame, in bytes; it is unpacked as a whole. */
const MAX_FRAME_BYTES = 1 << 27;
const UNKNOWN_FRAME_BYTES = 1 << 26; // for a frame that does not state its length

const ZSTD_MAGIC = [0x28, 0xb5, 0x2f, 0xfd];

/** Returns the dictionary in a skippable frame's content, which may be packed itself. Throws RangeError. */
export function dictionaryOf(content: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const isPacked = ZSTD_MAGIC.every((byte, i) => content[i] === byte);
  if (!isPacked) return content;
  const options = {
    maxOutputLength: MAX_DICTIONARY_BYTES,
    params: { [constants.ZSTD_d_windowLogMax]: Math.log2(MAX_DICTIONARY_BYTES) + 1 },
  };
  return new Uint8Array(zstdDecompressSync(content, options));
}

/**
 * Unpacks one frame; `length` is the unpacked length that its header states, or null. node:zlib has no
 * dictionaries in Deno, so a WASM build of zstd does it. Throws RangeError for a frame of more than 128 MiB
 * and Error if the frame is damaged or its dictionary is another.
 */
export async function unpackWithDictionary(
  frame: Uint8Array<ArrayBuffer>,
  { dictionary, length }: { readonly dictionary: Uint8Array<ArrayBuffer>; readonly length: number | null },
): Promise<Uint8Array<ArrayBuffer>> {
  if ((length ?? 0) > MAX_FRAME_BYTES) {
    throw new RangeError(`it unpacks to ${length} bytes, expected at most ${MAX_FRAME_BYTES}`);
  }
  const zstd = await (library ??= opened());
  const context = zstd.createDCtx();
  try {
    const options = { defaultHeapSize: UNKNOWN_FRAME_BYTES };
    return new Uint8Array(zstd.decompressUsingDict(context, frame, dictionary, options));
  } catch (cause) {
    throw new Error(
      "it is damaged, or the dictionary at the start of the file is not the one that it needs",
      {
        cause,
      },
    );
  } finally {
    zstd.freeDCtx(context);
  }
}

/** The library; opening it a second time would take the memory from under the first. */
let library: ReturnType<typeof opened> | null = null;

async function opened(): Promise<typeof import("@bokuweb/zstd-wasm")> {
  const zstd = await importPackage("@bokuweb/zstd-wasm");
  await zstd.init();
  return zstd;
}
