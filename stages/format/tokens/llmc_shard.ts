/**
 * llm.c's token shards: a header of 256 int32 numbers, then the token ids, all little-endian.
 *
 * Version 1 (magic number 20240520) has uint16 ids, for vocabularies of up to 65,536 tokens; version 7 (magic
 * number 20240801, which llm.c writes for Llama 3) has uint32 ids. The header's third number is the number of
 * tokens. Source: karpathy/llm.c dev/data/data_common.py, llmc/dataloader.h.
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

/** Size of the header in bytes. */
export const SHARD_HEADER_BYTES = 1024;

const VERSIONS: readonly { readonly magic: number; readonly version: number; readonly width: 2 | 4 }[] = [
  { magic: 20240520, version: 1, width: 2 },
  { magic: 20240801, version: 7, width: 4 },
];

/** Returns the bytes per token id: 2 for vocabularies of up to 65,536 tokens, otherwise 4. */
export function tokenWidth(vocabSize: number): 2 | 4 {
  return vocabSize <= 0x10000 ? 2 : 4;
}

/**
 * Returns the header of a shard with `count` tokens of `width` bytes. Throws RangeError beyond 2^31 - 1
 * tokens.
 */
export function shardHeader(count: number, width: 2 | 4): Uint8Array<ArrayBuffer> {
  if (count > 0x7FFFFFFF) {
    throw new RangeError(
      `Cannot write a shard of ${count} tokens: its header can count ${0x7FFFFFFF}: write several shards`,
    );
  }
  const bytes = new Uint8Array(SHARD_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  const { magic, version } = VERSIONS[width === 2 ? 0 : 1];
  [magic, version, count].forEach((value, i) => view.setInt32(4 * i, value, true));
  return bytes;
}

/**
 * Opens a shard: `path`, or `path.partial` while the shard is still being written. The number of tokens of a
 * partial file follows from its size. Throws Deno.errors.NotFound, Deno.errors.InvalidData for a file that is
 * empty or has a wrong header, and Deno.errors.UnexpectedEof for one that is truncated.
 */
export function openLlmcShard(path: string): TokenFile {
  const { file, actual } = openFinalOrPartial(path);
  return tokenFile(file, { path: actual, layoutOf: llmcLayout });
}

/** The layout of a shard. Throws the errors of `openLlmcShard` about its content. */
export function llmcLayout(file: TokenBytes): TokenLayout {
  const { path, size } = file, offset = SHARD_HEADER_BYTES;
  const refuse = (why: string): Error => new Deno.errors.InvalidData(`Cannot read the shard ${path}: ${why}`);
  const truncated = (expected: string): Error =>
    new Deno.errors.UnexpectedEof(
      `Cannot read the shard ${path}: it ends at byte ${size}, expected ${expected}: it is truncated: copy it again`,
    );
  if (size === 0) throw refuse("the file is empty");
  const magic = new DataView(file.bytes(0, 4).buffer).getInt32(0, true);
  const kind = VERSIONS.find((known) => known.magic === magic);
  if (kind === undefined) {
    const known = VERSIONS.map((version) => version.magic).join(" or ");
    throw refuse(
      `byte 0 has magic number ${magic}, expected ${known}: for raw uint16 ids give --shard-format nanogpt`,
    );
  }
  if (size < SHARD_HEADER_BYTES) throw truncated(`a header of ${SHARD_HEADER_BYTES} bytes`);
  const view = new DataView(file.bytes(0, SHARD_HEADER_BYTES).buffer);
  const version = view.getInt32(4, true), counted = view.getInt32(8, true);
  if (version !== kind.version) throw refuse(`byte 4 has version ${version}, expected ${kind.version}`);
  const complete = Math.floor((size - SHARD_HEADER_BYTES) / kind.width);
  if (path.endsWith(PARTIAL)) return { path, offset, width: kind.width, count: complete };
  if (counted <= 0) throw refuse(`byte 8 has a count of ${counted} tokens, expected at least 1`);
  const end = SHARD_HEADER_BYTES + counted * kind.width;
  if (size < end) throw truncated(`${end} for its ${counted} tokens`);
  if (size > end) throw refuse(`it has ${size - end} bytes after its ${counted} tokens, from byte ${end} on`);
  return { path, offset, width: kind.width, count: counted };
}
