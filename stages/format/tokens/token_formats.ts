/**
 * Opening a token file of any format.
 *
 * @module
 */
import { datatroveLayout, openDatatroveDs } from "./datatrove.ts";
import { llmcLayout, openLlmcShard, SHARD_HEADER_BYTES } from "./llmc_shard.ts";
import { isMegatron, megatronLayout, openMegatron } from "./megatron.ts";
import { nanogptLayout, openNanogptBin } from "./nanogpt.ts";
import { MAX_HEADER_BYTES, numpyLayout, openNumpyTokens } from "./numpy.ts";
import type { TokenBytes, TokenFile, TokenLayout } from "./token_file.ts";

/**
 * Format of a `.bin` file: llm.c's; nanoGPT's, uint16 without a header; or int32 without a header, as
 * Megatron has it for large vocabularies.
 */
export type TokenFormat = "llmc" | "nanogpt" | "int32";

/**
 * Opens a token file. A path that ends in `.ds` is opened as datatrove's format, in `.npy` as NumPy's, and a
 * `.bin` file beside its index `.idx` as Megatron's. Throws the same errors as the format's own function.
 */
export function openTokens({ path, format = "llmc" }: {
  readonly path: string;
  readonly format?: TokenFormat;
}): TokenFile {
  if (path.endsWith(".ds")) return openDatatroveDs(path);
  if (path.endsWith(".npy")) return openNumpyTokens(path);
  if (format === "llmc" && isMegatron(path)) return openMegatron(path);
  return format === "llmc" ? openLlmcShard(path) : openNanogptBin(path, format === "nanogpt" ? 2 : 4);
}

/**
 * The layout of a file that is not opened here, such as an object of a store, by the rules of `openTokens`.
 * Throws the errors of the format's own function about the content.
 */
export function layoutOfTokens(file: TokenBytes, format: TokenFormat = "llmc"): TokenLayout {
  if (file.path.endsWith(".ds")) return datatroveLayout(file);
  if (file.path.endsWith(".npy")) return numpyLayout(file);
  if (format !== "llmc") return nanogptLayout(file, format === "nanogpt" ? 2 : 4);
  return isMegatron(file.beside) ? megatronLayout(file) : llmcLayout(file);
}

/** The number of bytes at the beginning of a file that `layoutOfTokens` may read. */
export function headBytes(
  { path, beside }: Pick<TokenBytes, "path" | "beside">,
  format: TokenFormat,
): number {
  if (path.endsWith(".npy")) return 12 + MAX_HEADER_BYTES;
  return path.endsWith(".ds") || format !== "llmc" || isMegatron(beside) ? 0 : SHARD_HEADER_BYTES;
}

/** Returns the number of tokens in a file, of which only the header is read. Throws as `openTokens`. */
export function countTokens(path: string, format: TokenFormat = "llmc"): number {
  const file = openTokens({ path, format });
  file.close();
  return file.count;
}
