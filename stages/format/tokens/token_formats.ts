/**
 * Opening a token file of any format.
 *
 * @module
 */
import { openDatatroveDs } from "./datatrove.ts";
import { openLlmcShard } from "./llmc_shard.ts";
import { isMegatron, openMegatron } from "./megatron.ts";
import { openNanogptBin } from "./nanogpt.ts";
import { openNumpyTokens } from "./numpy.ts";
import type { TokenFile } from "./token_file.ts";

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

/** Returns the number of tokens in a file, of which only the header is read. Throws as `openTokens`. */
export function countTokens(path: string, format: TokenFormat = "llmc"): number {
  const file = openTokens({ path, format });
  file.close();
  return file.count;
}
