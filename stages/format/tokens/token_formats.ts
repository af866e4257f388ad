/**
 * Token files of all formats.
 *
 * @module
 */
import { openDatatroveDs } from "./datatrove.ts";
import { openLlmcShard } from "./llmc_shard.ts";
import { openNanogptBin } from "./nanogpt.ts";
import type { TokenFile } from "./token_file.ts";

/** Formats of `.bin` files, which their names do not tell apart. */
export type TokenFormat = "llmc" | "nanogpt";

/**
 * Opens a token file; one that is called `.ds` is datatrove's. Throws what the format's own function throws.
 */
export function openTokens({ path, format = "llmc" }: {
  readonly path: string;
  readonly format?: TokenFormat;
}): TokenFile {
  if (path.endsWith(".ds")) return openDatatroveDs(path);
  return format === "nanogpt" ? openNanogptBin(path) : openLlmcShard(path);
}
