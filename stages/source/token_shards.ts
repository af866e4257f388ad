/**
 * Token shards already on disk as a source: llm.c's `.bin`, nanoGPT's raw uint16, datatrove's `.ds`.
 *
 * @module
 */
import { openTokens, type TokenFormat } from "../format/tokens/token_formats.ts";
import type { Source } from "../flow/stage.ts";
import type { TokenShard } from "../items.ts";
import { filesMatching } from "./glob.ts";

/** Which shards. */
export interface TokenShardsOptions {
  /** Paths or globs; the files are read in the order of their sorted paths. */
  readonly globs: readonly string[];
  /** Default llmc. */
  readonly format?: TokenFormat;
  /** Tokens passed on at a time: the span within which windows are shuffled. Default 1,048,576. */
  readonly extentTokens?: number;
}

/** Where the next extent begins. */
export interface TokenShardsState {
  /** Path and tokens of every file. */
  readonly files: readonly (readonly [path: string, count: number])[];
  /** Number of the file. */
  file: number;
  /** Its next token. */
  start: number;
}

/**
 * The extents of existing shards.
 *
 * All files are opened and their headers checked before the first is read. Throws Deno.errors.NotFound if a glob
 * matches nothing, Deno.errors.InvalidData or UnexpectedEof for a file that is empty, of another format or cut short
 * (naming file, byte and what was wanted), and on resume if the files are no longer those of the first run.
 */
export function tokenShards(options: TokenShardsOptions): Source<TokenShard, TokenShardsState> {
  const { format = "llmc", extentTokens = 1 << 20 } = options;
  return {
    name: "token-shards",
    open(_ctx, saved) {
      const files = shardFiles(options.globs).map((path) => [path, countOf(path, format)] as const);
      if (saved === undefined) return { files, file: 0, start: 0 };
      saved.files.forEach(([path, count], i) => {
        const [now, has] = files[i] ?? ["nothing", 0];
        if (now === path && has === count) return;
        throw new RangeError(
          `Cannot go on: training shard ${i} was ${path} with ${count} tokens and is now ${now} with ${has}: ` +
            `put the files back or start anew with --resume never`,
        );
      });
      return saved;
    },
    *read(state) {
      while (state.file < state.files.length) {
        const [path, total] = state.files[state.file];
        const start = state.start, count = Math.min(extentTokens, total - start);
        state.start += count;
        if (state.start === total) {
          state.file++;
          state.start = 0;
        }
        yield { path, start, count, ...(format !== "llmc" && { format }) };
      }
    },
  };
}

/** The files that globs match, sorted, each once. Throws Deno.errors.NotFound for a glob that matches none. */
export function shardFiles(globs: readonly string[]): string[] {
  const files = globs.flatMap((glob) => {
    const matches = filesMatching(glob);
    if (matches.length > 0) return matches;
    throw new Deno.errors.NotFound(
      `Cannot find token shards: nothing matches ${glob}: expected llm.c or nanoGPT .bin files, or datatrove .ds`,
    );
  });
  return [...new Set(files)].sort();
}

function countOf(path: string, format: TokenFormat): number {
  const file = openTokens({ path, format });
  file.close();
  return file.count;
}
