/**
 * Divides FineWeb's work among several processes (ranks). In the first step each process filters its part of
 * the source. In the last step a single process runs the filters that need all documents. The last step
 * starts at the first filter whose result depends on earlier documents: `minhash`, or `pii`, which replaces
 * addresses by several placeholders in turn.
 *
 * @module
 */
import { type FilterName, filterNames } from "../../../stages/filter/filter_group.ts";
import type { Lookup } from "../../cli/pipeline.ts";

/** The options that determine what a process does. */
export interface RankValues {
  readonly stages: readonly string[] | null;
  readonly minhash: "first" | "cluster";
  readonly rank: number | null;
  readonly world: number | null;
  readonly only: "extract" | "filter" | "dedup" | null;
}

/** The work of one process. */
export interface RankWork {
  /** `all`: single process. `first`: the per-document filters. `last`: deduplication and later filters. */
  readonly step: "all" | "first" | "last";
  /** Rank of the process, starting at 0; null if the process works alone or does the last step. */
  readonly rank: number | null;
  /** Number of processes in the first step. */
  readonly world: number;
  /** Filters that documents pass in this step. */
  readonly stages: readonly FilterName[];
  /** Whether near-duplicates are clustered: the first step stores signatures, the last step compares them. */
  readonly clusters: boolean;
}

/** Returns the work that the options ask for. Throws RangeError if they contradict each other. */
export function rankWorkOf({ stages: asked, minhash, rank, world, only }: RankValues): RankWork {
  const all = filterNames(asked);
  const needsAll = all.findIndex((name) => name === "minhash" || name === "pii");
  const clusters = all[needsAll] === "minhash" && minhash === "cluster";
  const split = needsAll + Number(clusters); // with clusters, minhash stores its signatures in the first step
  if (only === "dedup") {
    if (rank !== null) {
      throw new RangeError(
        `Cannot use --only dedup with --rank ${rank}: one process does it: leave --rank out`,
      );
    }
    if (needsAll < 0) {
      throw new RangeError(
        "Cannot use --only dedup: neither minhash nor pii is among --stages, so nothing is left to do",
      );
    }
    return { step: "last", rank, world: world ?? 1, stages: all.slice(split), clusters };
  }
  checkRank({ rank, world });
  const ranks = { rank: world === null ? only === "filter" ? 0 : null : rank, world: world ?? 1 };
  if (only === "extract") {
    const extract = all.indexOf("extract");
    if (extract < 0) {
      throw new RangeError("Cannot use --only extract: extract is not among --stages: add it");
    }
    return { ...ranks, step: "all", stages: all.slice(0, extract + 1), clusters: false };
  }
  if (needsAll >= 0 && (world !== null || only === "filter")) {
    return { ...ranks, step: "first", stages: all.slice(0, split), clusters };
  }
  return { ...ranks, step: "all", stages: all, clusters };
}

function checkRank({ rank, world }: { readonly rank: number | null; readonly world: number | null }): void {
  if (rank !== null && world === null) {
    throw new RangeError(`--rank ${rank} needs --world N, the number of processes`);
  }
  if (rank === null && world !== null) {
    throw new RangeError(
      `--world ${world} needs --rank R from 0 to ${world - 1}, or --only dedup once all ranks are done`,
    );
  }
  if (rank !== null && world !== null && rank >= world) {
    throw new RangeError(`--rank ${rank} is not one of --world ${world}: expected 0 to ${world - 1}`);
  }
}

/**
 * Returns the name of a process's folder in `<out>/ranks`, taken from options that may be incomplete, or null
 * if the process works alone.
 */
export function rankFolder(given: Lookup): string | null {
  const only = given("only"), rank = given("rank");
  if (only === "dedup") return "dedup";
  if (typeof rank === "number") return String(rank).padStart(5, "0");
  return only === "filter" ? "00000" : null;
}
