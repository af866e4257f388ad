/**
 * After damage in a packed file: the next gzip member or zstd frame that is sound.
 *
 * @module
 */
import { packingOf, readPacked } from "./packed_file.ts";
import { gunzipMembers, type MemberChunk, type MemberOptions } from "./gzip.ts";
import { unzstdFrames } from "./zstd.ts";

const MOST_TRIED = 1000; // places that begin like a member: in good data one is met every 128 MiB by chance

/** What to look for. */
export interface IntactMemberOptions {
  /** Packed bytes before the place to look from. */
  readonly from: number;
  /** What its unpacked bytes begin with, in ASCII. */
  readonly begins: string;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/**
 * Packed bytes before the next member that begins so and unpacks to its end, check sum and all; null where there is
 * none, or after 1,000 places that only looked like one. Throws what reading the file throws.
 */
export async function findIntactMember(path: string, options: IntactMemberOptions): Promise<number | null> {
  const { from, begins, signal } = options;
  const packing = packingOf(path);
  if (packing === null) return null;
  const magic = packing === "gz" ? [0x1f, 0x8b, 8] : [0x28, 0xb5, 0x2f, 0xfd];
  let tried = 0;
  let held: Uint8Array<ArrayBuffer> = new Uint8Array(0); // the end of the chunk before, which may begin a magic number
  let offset = from; // of what is held
  for await (const chunk of readPacked(path, { offset: from, signal })) {
    const bytes = new Uint8Array(held.length + chunk.length);
    bytes.set(held);
    bytes.set(chunk, held.length);
    for (let at = bytes.indexOf(magic[0]); at >= 0; at = bytes.indexOf(magic[0], at + 1)) {
      if (at + magic.length > bytes.length || magic.some((byte, i) => bytes[at + i] !== byte)) continue;
      if (++tried > MOST_TRIED) return null;
      if (await isSound(path, { at: offset + at, packing, begins, signal })) return offset + at;
    }
    held = bytes.slice(-(magic.length - 1));
    offset += bytes.length - held.length;
  }
  return null;
}

async function isSound(
  path: string,
  { at, packing, begins, signal }: {
    readonly at: number;
    readonly packing: "gz" | "zst";
    readonly begins: string;
    readonly signal: AbortSignal;
  },
): Promise<boolean> {
  const unpack: (
    bytes: AsyncIterable<Uint8Array<ArrayBuffer>>,
    options: MemberOptions,
  ) => AsyncIterable<MemberChunk> = packing === "gz" ? gunzipMembers : unzstdFrames;
  let head = "";
  try {
    for await (
      const { bytes } of unpack(readPacked(path, { offset: at, signal }), { name: path, start: at, most: 1 })
    ) {
      if (head.length >= begins.length) continue;
      head += new TextDecoder("latin1").decode(bytes.subarray(0, begins.length - head.length));
      if (!begins.startsWith(head)) return false;
    }
  } catch (error) {
    if (error instanceof Deno.errors.InvalidData || error instanceof Deno.errors.UnexpectedEof) return false;
    throw error;
  }
  return head === begins;
}
