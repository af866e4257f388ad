/**
 * llm.c's token shards: a header of 256 int32, then the tokens.
 *
 * Version 1 (magic 20240520) holds uint16, for vocabularies of up to 65,536; version 7 (magic 20240801,
 * llm.c's for Llama 3) holds uint32. The header's third number counts the tokens. Little-endian. Source:
 * karpathy/llm.c dev/data/data_common.py, llmc/dataloader.h.
 *
 * @module
 */
import { openFinalOrPartial, PARTIAL, readFully, type TokenFile, tokenFile } from "./token_file.ts";

/** Bytes before the first token. */
export const SHARD_HEADER_BYTES = 1024;

const VERSIONS: readonly { readonly magic: number; readonly version: number; readonly width: 2 | 4 }[] = [
  { magic: 20240520, version: 1, width: 2 },
  { magic: 20240801, version: 7, width: 4 },
];

/** Bytes a token of a vocabulary: 2 up to 65,536 tokens, else 4. */
export function tokenWidth(vocabSize: number): 2 | 4 {
  return vocabSize <= 0x10000 ? 2 : 4;
}

/** The header of a shard with `count` tokens of `width` bytes. Throws RangeError beyond 2^31 - 1 tokens. */
export function shardHeader(count: number, width: 2 | 4): Uint8Array<ArrayBuffer> {
  if (count > 0x7FFFFFFF) {
    throw new RangeError(
      `Cannot write a shard of ${count} tokens: its header counts up to ${0x7FFFFFFF}: split it`,
    );
  }
  const bytes = new Uint8Array(SHARD_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  const { magic, version } = VERSIONS[width === 2 ? 0 : 1];
  [magic, version, count].forEach((value, i) => view.setInt32(4 * i, value, true));
  return bytes;
}

/**
 * Opens a shard: `path`, or while it still grows `path.partial`, whose tokens are counted by its size.
 *
 * Throws Deno.errors.NotFound, Deno.errors.InvalidData (empty, wrong magic, version or count) or
 * Deno.errors.UnexpectedEof (cut short), naming file, byte and what was wanted.
 */
export function openLlmcShard(path: string): TokenFile {
  const { file, actual } = openFinalOrPartial(path);
  try {
    return tokenFile(file, { path: actual, offset: SHARD_HEADER_BYTES, ...readHeader(file, actual) });
  } catch (error) {
    file.close();
    throw error;
  }
}

function readHeader(file: Deno.FsFile, path: string): { width: 2 | 4; count: number } {
  const { size } = file.statSync();
  const refuse = (why: string): Error => new Deno.errors.InvalidData(`Cannot read the shard ${path}: ${why}`);
  if (size === 0) throw refuse("the file is empty");
  const bytes = new Uint8Array(SHARD_HEADER_BYTES);
  readFully(file, bytes.subarray(0, 4), { path, at: 0 });
  const view = new DataView(bytes.buffer);
  const magic = view.getInt32(0, true);
  const kind = VERSIONS.find((known) => known.magic === magic);
  if (kind === undefined) {
    const known = VERSIONS.map((version) => version.magic).join(" or ");
    throw refuse(`byte 0 holds magic ${magic}, wanted ${known}: raw uint16 is --shard-format nanogpt`);
  }
  readFully(file, bytes.subarray(4), { path, at: 4 });
  const version = view.getInt32(4, true), counted = view.getInt32(8, true);
  if (version !== kind.version) throw refuse(`byte 4 holds version ${version}, wanted ${kind.version}`);
  const whole = Math.floor((size - SHARD_HEADER_BYTES) / kind.width);
  if (path.endsWith(PARTIAL)) return { width: kind.width, count: whole };
  if (counted <= 0) throw refuse(`byte 8 holds a count of ${counted} tokens, wanted at least 1`);
  const wanted = SHARD_HEADER_BYTES + counted * kind.width;
  if (size < wanted) {
    throw new Deno.errors.UnexpectedEof(
      `Cannot read the shard ${path}: it ends at byte ${size}, wanted ${wanted} for its ${counted} tokens: ` +
        `it was cut short`,
    );
  }
  if (size > wanted) throw refuse(`${size - wanted} bytes follow its ${counted} tokens (byte ${wanted})`);
  return { width: kind.width, count: counted };
}
