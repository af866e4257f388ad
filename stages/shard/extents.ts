/**
 * The extents (ranges of tokens) that have arrived, in order. They are stored compactly: consecutive extents
 * of one file form a region.
 *
 * @module
 */
import type { TokenFormat } from "../format/tokens/token_formats.ts";
import type { TokenRange, TokenReader, TokenReadOptions } from "../format/tokens/token_reader.ts";
import type { TokenShard } from "../items.ts";

/** Consecutive extents of one file. */
export interface Region {
  /** Final name of the file, which may still be growing under another name. */
  readonly path: string;
  /** Format of the file. */
  readonly format: TokenFormat;
  /** Index of the first token. */
  readonly start: number;
  /** Number of tokens. */
  count: number;
  /** Lengths of the extents, run-length encoded. */
  readonly runs: [length: number, times: number][];
}

/** One extent: `count` tokens from token `start` of its region's file. */
export type Extent = Readonly<{ region: Region; start: number; count: number }>;

/** Adds an extent to the end and returns it. */
export function addExtent(regions: Region[], { path, start, count, format = "llmc" }: TokenShard): Extent {
  let region = regions.at(-1);
  if (region?.path !== path || region.start + region.count !== start || region.format !== format) {
    region = { path, format, start, count: 0, runs: [] };
    regions.push(region);
  }
  const run = region.runs.at(-1);
  if (run?.[0] === count) run[1]++;
  else region.runs.push([count, 1]);
  region.count += count;
  return { region, start, count };
}

/** Returns all extents, in the order in which they arrived. */
export function extentsOf(regions: readonly Region[]): Extent[] {
  const extents: Extent[] = [];
  for (const region of regions) {
    let start = region.start;
    for (const [count, times] of region.runs) {
      for (let i = 0; i < times; i++, start += count) extents.push({ region, start, count });
    }
  }
  return extents;
}

/** Returns the number of tokens in all regions. */
export function tokensIn(regions: readonly Region[]): number {
  return regions.reduce((sum, region) => sum + region.count, 0);
}

/** How tokens are read and checked. */
export interface CheckedReadOptions extends TokenReadOptions {
  readonly tokens: TokenReader;
  /** Vocabulary size; all token ids must be below it. */
  readonly vocabSize: number;
}

/**
 * Reads tokens of a file. Throws a RangeError that names the file and the position for an id outside the
 * vocabulary, and the errors of the reader.
 */
export async function readTokens(
  { path, format, start, count }: TokenRange,
  { tokens, vocabSize, ...options }: CheckedReadOptions,
): Promise<Uint32Array> {
  const ids = await tokens.read({ path, start, count, ...(format !== undefined && { format }) }, options);
  for (let i = 0; i < count; i++) {
    if (ids[i] >= vocabSize) {
      throw new RangeError(
        `Cannot train on ${path}: token ${start + i} has id ${ids[i]}, ` +
          `beyond the vocabulary of ${vocabSize}: set --vocab-size to that of the tokenizer that wrote the file`,
      );
    }
  }
  return ids;
}
