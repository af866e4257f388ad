/**
 * Existing token shards as a source: llm.c's `.bin`, nanoGPT's raw uint16 files, datatrove's `.ds`,
 * build-nanogpt's `.npy`, Megatron's `.bin` with `.idx`.
 *
 * @module
 */
import { countTokens, type TokenFormat } from "../format/tokens/token_formats.ts";
import type { Source } from "../flow/stage.ts";
import type { TokenShard } from "../items.ts";
import { filesMatching } from "./glob.ts";
import { checkIdentities, identitiesOf, type InputIdentities } from "./identity.ts";

/** Shards in an object store, whose headers have been read. */
export interface StoredShards {
  /** Address, number of tokens, and the object of each, of which the ETag changes with each writing. */
  readonly files: readonly {
    readonly path: string;
    readonly count: number;
    readonly object: { readonly size: number; readonly etag: string };
  }[];
}

/** Which shards are read, and how. */
export interface TokenShardsOptions {
  /** Paths or globs of the files, which are read in the sorted order of their paths. */
  readonly globs: readonly string[];
  /** Format of the files (default `llmc`). */
  readonly format?: TokenFormat;
  /** Files in an object store that are read in place of those that match `globs`. */
  readonly stored?: StoredShards | undefined;
  /** Number of tokens per extent (default 1,048,576). Windows are shuffled within an extent. */
  readonly extentTokens?: number;
}

/** Position of the next extent. */
export interface TokenShardsState {
  /** Path and number of tokens of every file. */
  readonly files: readonly (readonly [path: string, count: number])[];
  /** Identity of every file; absent in checkpoints of earlier versions. */
  readonly identities?: InputIdentities;
  /** Index of the file, starting at 0. */
  file: number;
  /** Index of the next token in that file. */
  start: number;
}

/**
 * Returns existing shards as extents of `extentTokens` tokens.
 *
 * The headers of all files are checked before the first extent. Throws Deno.errors.NotFound if a glob matches
 * nothing, Deno.errors.InvalidData or UnexpectedEof for a file that is empty, truncated or of another format.
 * On resume, throws RangeError if the files are not those of the first run, and Deno.errors.InvalidData if
 * one of them has changed.
 *
 * @example
 * ```ts
 * import { byteTokenizer, encode, from, shard, tokenShards } from "@stagewise/gpt";
 *
 * const dir = await Deno.makeTempDir();
 * await from([{ id: "1", text: "We the People" }])
 *   .pipe(encode(byteTokenizer()))
 *   .pipe(shard({ dir, vocabSize: 257, validationTokens: 0 }))
 *   .run();
 * const extents = from(tokenShards({ globs: [`${dir}/train_*.bin`] }));
 * console.log((await Array.fromAsync(extents.stream())).map(({ count }) => count)); // [ 14 ]
 * ```
 */
export function tokenShards(options: TokenShardsOptions): Source<TokenShard, TokenShardsState> {
  const { format = "llmc", extentTokens = 1 << 20, stored } = options;
  return {
    name: "token-shards",
    async open({ signal }, saved) {
      const files = stored === undefined
        ? shardFiles(options.globs).map((path) => [path, countTokens(path, format)] as const)
        : stored.files.map(({ path, count }) => [path, count] as const);
      const paths = files.map(([path]) => path);
      const identified = async (paths: readonly string[], saved?: InputIdentities) =>
        stored === undefined
          ? await identitiesOf(paths, { saved, signal })
          : checkIdentities(identitiesOfObjects(stored).slice(0, paths.length), saved);
      if (saved === undefined) return { files, identities: await identified(paths), file: 0, start: 0 };
      saved.files.forEach(([path, count], i) => {
        const [newPath, newCount] = files[i] ?? [null, 0];
        if (newPath === path && newCount === count) return;
        const now = newPath === null ? "is missing" : `is ${newPath} with ${newCount} tokens`;
        throw new RangeError(
          `Cannot resume: training shard ${i} was ${path} with ${count} tokens and now ${now}: ` +
            `restore the files or start over with --resume never`,
        );
      });
      const own = paths.slice(0, saved.files.length); // the run does not read shards that were added
      return { ...saved, identities: await identified(own, saved.identities) };
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

/** The store's ETag changes with each writing, so no content is hashed. */
function identitiesOfObjects({ files }: StoredShards): InputIdentities {
  return files.map(({ path, object: { size, etag } }) => [path, { bytes: size, version: etag }] as const);
}

/**
 * Returns the files that match at least one of the globs, sorted, without repetition. Throws
 * Deno.errors.NotFound for a glob that matches no file.
 */
export function shardFiles(globs: readonly string[]): string[] {
  const files = globs.flatMap((glob) => {
    const matches = filesMatching(glob);
    if (matches.length > 0) return matches;
    throw new Deno.errors.NotFound(
      `Cannot find token shards: nothing matches ${glob}: expected .bin files of llm.c, nanoGPT or Megatron, datatrove's .ds or build-nanogpt's .npy`,
    );
  });
  return [...new Set(files)].sort();
}
