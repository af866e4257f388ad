/**
 * The formats of token files, by name.
 *
 * @module
 */
import { openDatatroveDs } from "./datatrove.ts";
import { openLlmcShard } from "./llmc_shard.ts";
import { openNanogptBin } from "./nanogpt.ts";
import type { TokenFile } from "./token_file.ts";

/** What `--shard-format` takes. */
export const tokenFormats = ["llmc", "nanogpt", "datatrove"] as const;

/** A format of token files. */
export type TokenFormat = typeof tokenFormats[number];

/** Opens a token file. Throws what the format's own function throws. */
export function openTokens({ path, format = "llmc" }: {
  readonly path: string;
  readonly format?: TokenFormat;
}): TokenFile {
  switch (format) {
    case "llmc":
      return openLlmcShard(path);
    case "nanogpt":
      return openNanogptBin(path);
    case "datatrove":
      return openDatatroveDs(path);
  }
}
