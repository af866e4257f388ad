/**
 * FineWeb's recipe as a part of a flow.
 * Source: Penedo et al. 2024 (arXiv 2406.17557); the order of the filters is that of datatrove's
 * examples/fineweb.py.
 *
 * @module
 */
import type { Flow, Reject } from "../flow/flow.ts";
import type { Stage } from "../flow/stage.ts";
import type { Document } from "../items.ts";
import { type FinewebOptions, finewebStages, selectedFilters } from "./fineweb_group.ts";
import { minhashClusters } from "./minhash/minhash_clusters.ts";
import { minhashSeen } from "./minhash/minhash_seen.ts";
import { defaultWords } from "./recipe.ts";

/** Returns the sink for the documents that a filter drops. If it returns null, they are only counted. */
export type RejectsSinkFor = (filter: string) => Stage<Reject, never> | null;

/**
 * Returns the recipe's filters, for `Flow.via`: URL block lists, text extraction, language, Gopher
 * repetition, Gopher quality, C4, FineWeb quality, deduplication (if `minhash` is given), masking of personal
 * data, token counts. Throws RangeError for an unknown name in the options.
 *
 * @example
 * ```ts
 * import { embedded, fineweb, from } from "@stagewise/gpt";
 *
 * const clean = from(embedded("sotu")).via(fineweb({ recipe: "current", words: "treebank" }));
 * ```
 */
export function fineweb(
  options: FinewebOptions = {},
  rejects: RejectsSinkFor = () => null,
): (flow: Flow<Document>) => Flow<Document> {
  const names = selectedFilters(options);
  const duplicates = names.includes("minhash") ? finewebDuplicates(options) : null;
  return chained(finewebStages(options), { names, duplicates, rejects });
}

/** Stages with the names of their filters, and what becomes of the documents that they drop. */
export interface FilterChain {
  readonly names: readonly string[];
  /** The stage that drops near-duplicates, which follows the filter minhash; null if there is none. */
  readonly duplicates: Stage<Document, Document> | null;
  readonly rejects: RejectsSinkFor;
}

/** Returns the filters as a part of a flow, for `Flow.via`. */
export function chained(
  stages: readonly Stage<Document, Document>[],
  { names, duplicates, rejects }: FilterChain,
): (flow: Flow<Document>) => Flow<Document> {
  return (flow) => {
    let filtered = flow;
    stages.forEach((stage, i) => {
      const sink = rejects(names[i]);
      const after = sink === null ? {} : { rejects: sink };
      if (names[i] !== "minhash") filtered = filtered.pipe(stage, after);
      else { // this stage only computes signatures; the next one drops duplicates
        const signed = filtered.pipe(stage);
        filtered = duplicates === null ? signed : signed.pipe(duplicates, after);
      }
    });
    return filtered;
  };
}

/**
 * Returns the stage that drops near-duplicates among documents with signatures, or null with `keep: "sign"`.
 * Throws RangeError if the option `minhash` is missing.
 */
export function finewebDuplicates(options: Omit<FinewebOptions, "stages">): Stage<Document, Document> | null {
  const { recipe = "current", minhash } = options, { words = defaultWords(recipe) } = options;
  if (minhash === undefined) {
    throw new RangeError("The filter minhash needs a folder for its files: give the option minhash");
  }
  const { keep, records, ...place } = minhash;
  switch (keep) {
    case "first":
      return minhashSeen({ recipe, words, ...place });
    case "cluster":
      return minhashClusters({ recipe, words, ...place, ...(records && { records }) });
    case "sign":
      return null;
  }
}
