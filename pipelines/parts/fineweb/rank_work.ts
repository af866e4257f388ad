/**
 * Divides FineWeb's work among several processes (ranks). In the first step each process filters its part of
 * the source. The last step starts at the first filter whose result depends on earlier documents: `minhash`,
 * or `pii`, which replaces addresses by several placeholders in turn. One process does it for all documents;
 * or, as in datatrove, each rank for its own, after the ranks have compared the buckets of the signatures and
 * one process has clustered the documents.
 *
 * @module
 */
import { type FilterName, filterNames } from "../../../stages/filter/filter_group.ts";
import { isOwnFilter } from "../../../stages/filter/own_filter.ts";
import type { Lookup } from "../../cli/pipeline.ts";

/** The options that determine what a process does. */
export interface RankValues {
  readonly stages: readonly string[] | null;
  readonly minhash: "first" | "cluster";
  readonly rank: number | null;
  readonly world: number | null;
  readonly only: "plan" | "extract" | "filter" | "buckets" | "clusters" | "dedup" | "report" | null;
}

/** The work of one process. */
export interface RankWork {
  /**
   * `plan`: dividing the inputs. `all`: single process. `first`: the per-document filters. `buckets`:
   * comparing the signatures. `clusters`: clustering the documents. `last`: deduplication and later filters.
   * `report`: the report of all ranks.
   */
  readonly step: "plan" | "all" | "first" | "buckets" | "clusters" | "last" | "report";
  /** Rank of the process, starting at 0; null if it works alone or does a step for all ranks. */
  readonly rank: number | null;
  /** Number of processes in the first step. */
  readonly world: number;
  /** Filters that documents pass in this step. */
  readonly stages: readonly FilterName[];
  /** Whether near-duplicates are clustered: the first step stores signatures, the last step compares them. */
  readonly clusters: boolean;
  /** Whether addresses are counted in the first step, so that each rank can mask its own in the last. */
  readonly countsAddresses: boolean;
}

/** Returns the work that the options ask for. Throws RangeError if they contradict each other. */
export function rankWorkOf({ stages: asked, minhash, rank, world, only }: RankValues): RankWork {
  const all = filterNames(asked);
  const needsAll = all.findIndex((name) => name === "minhash" || name === "pii");
  const clusters = all[needsAll] === "minhash" && minhash === "cluster";
  const split = needsAll + Number(clusters); // with clusters, minhash stores its signatures in the first step
  const countsAddresses = clusters && all[split] === "pii", common = { clusters, countsAddresses };
  if (only === "plan" || only === "report") {
    if (rank !== null) {
      throw new RangeError(`Cannot use --only ${only} with --rank ${rank}: one process does it`);
    }
    return { step: only, rank, world: world ?? 1, stages: all, ...common };
  }
  if (only === "buckets" || only === "clusters" || only === "dedup") {
    const step = only === "dedup" ? "last" : only;
    if (only !== "dedup" && !clusters) {
      throw new RangeError(
        `Cannot use --only ${only}: it needs minhash among --stages, and --minhash cluster`,
      );
    }
    if (needsAll < 0) {
      throw new RangeError(
        "Cannot use --only dedup: neither minhash nor pii is among --stages, so nothing is left to do",
      );
    }
    if (rank !== null) checkShared(only, { rank, later: all.slice(split), ...common });
    if (rank !== null) checkRank({ rank, world });
    return { step, rank, world: world ?? 1, stages: all.slice(split), ...common };
  }
  checkRank({ rank, world });
  const ranks = { rank: world === null ? only === "filter" ? 0 : null : rank, world: world ?? 1 };
  if (only === "extract") {
    const extract = all.indexOf("extract");
    if (extract < 0) {
      throw new RangeError("Cannot use --only extract: extract is not among --stages: add it");
    }
    return { ...ranks, step: "all", stages: all.slice(0, extract + 1), ...none };
  }
  if (needsAll >= 0 && (world !== null || only === "filter")) {
    return { ...ranks, step: "first", stages: all.slice(0, split), ...common };
  }
  return { ...ranks, step: "all", stages: all, ...common };
}

const none = { clusters: false, countsAddresses: false };

/** Throws RangeError if a step after the first cannot be shared among ranks. */
function checkShared(
  only: "buckets" | "clusters" | "dedup",
  { rank, later, clusters, countsAddresses }:
    & { readonly rank: number; readonly later: readonly FilterName[] }
    & Pick<RankWork, "clusters" | "countsAddresses">,
): void {
  const refuse = (why: string): never => {
    throw new RangeError(`Cannot use --only ${only} with --rank ${rank}: ${why}: leave --rank out`);
  };
  if (only === "clusters") refuse("one process does it");
  if (only === "buckets") return;
  if (!clusters) refuse("ranks share it only with minhash among --stages, and --minhash cluster");
  if (later.includes("pii") && !countsAddresses) refuse("pii does not directly follow minhash");
  const own = later.find(isOwnFilter);
  if (own !== undefined) refuse(`${own} may remember documents`);
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
  const number = typeof rank === "number" ? String(rank).padStart(5, "0") : null;
  if (typeof only === "string" && only !== "extract" && only !== "filter") {
    return number === null ? only : `${only}-${number}`;
  }
  return number ?? (only === "filter" ? "00000" : null);
}
