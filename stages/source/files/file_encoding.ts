/**
 * Finds the encoding of a text file by its byte order mark.
 *
 * @module
 */
import { readUnpacked } from "../../format/packed/packed_file.ts";
import { encodingOf } from "../../format/text/encodings.ts";
import { isDamage } from "./damage.ts";

/** Returns the encoding of a file, whose first bytes are read for this; `label` as in `encodingOf`. */
export async function fileEncoding(
  path: string,
  { label, signal }: { readonly label?: string | undefined; readonly signal?: AbortSignal },
): Promise<string> {
  const head: number[] = [];
  try {
    for await (const bytes of readUnpacked(path, signal === undefined ? {} : { signal })) {
      head.push(...bytes.subarray(0, 3));
      if (head.length >= 3) break;
    }
  } catch (error) {
    if (!isDamage(error)) throw error; // whoever reads the text reports the damage
  }
  return encodingOf(Uint8Array.from(head), label);
}
