/**
 * Which extents have been seen, in order and in little room: neighbours in one file are one region.
 *
 * @module
 */
import { openTokens, type TokenFormat } from "../format/tokens/token_formats.ts";
import type { TokenShard } from "../items.ts";

/** Extents that lie one after the other in a file. */
export interface Region {
  /** The final name. */
  readonly path: string;
  /** Whose format it is. */
  readonly format: TokenFormat;
  /** The first token. */
  readonly start: number;
  /** Tokens. */
  count: number;
  /** Lengths of the extents, and how often each comes in a row. */
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

/** All extents in the order in which they came. */
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

/** Tokens of all regions. */
export function tokensIn(regions: readonly Region[]): number {
  return regions.reduce((sum, region) => sum + region.count, 0);
}

/** Tokens `start` … of a file. Throws RangeError, naming file and position, for one beyond the vocabulary. */
export function readChecked(
  from: { path: string; format: TokenFormat },
  { start, count, vocabSize }: { start: number; count: number; vocabSize: number },
): Uint32Array {
  const file = openTokens(from);
  try {
    const ids = file.read(start, count);
    for (let i = 0; i < count; i++) {
      if (ids[i] >= vocabSize) {
        throw new RangeError(
          `Cannot train on ${from.path}: token ${start + i} has id ${
            ids[i]
          }, beyond the vocabulary of ${vocabSize}: ` +
            `set --vocab-size to the one that it was written with`,
        );
      }
    }
    return ids;
  } finally {
    file.close();
  }
}
