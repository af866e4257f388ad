/**
 * FineWeb's recipe as a group of stages. Source: Penedo et al. 2024 (arXiv 2406.17557) and datatrove's
 * examples/fineweb.py, whose order this is.
 *
 * @module
 */
import type { Flow, Reject } from "../flow/flow.ts";
import type { Stage } from "../flow/stage.ts";
import type { Document } from "../items.ts";
import { type FinewebFilter, finewebFilters, type FinewebOptions, finewebStages } from "./fineweb_group.ts";

/** A sink for what one filter drops, asked for by the filter's name; absent or null: only counted. */
export type RejectsOf = (filter: FinewebFilter) => Stage<Reject, never> | null;

/**
 * Block lists, language, Gopher repetition, Gopher quality, C4, FineWeb quality, masks and token counts, for
 * `Flow.via`. Throws RangeError for an unknown name among the options.
 *
 * @example
 * ```ts
 * import { from } from "../flow/flow.ts";
 * import { embedded } from "../source/embedded.ts";
 * import { fineweb } from "./fineweb.ts";
 *
 * const clean = from(embedded("sotu")).via(fineweb({ recipe: "current", words: "treebank" }));
 * ```
 */
export function fineweb(
  options: FinewebOptions = {},
  rejects: RejectsOf = () => null,
): (flow: Flow<Document>) => Flow<Document> {
  const stages = finewebStages(options);
  const names = options.stages ?? finewebFilters;
  return (flow) => {
    let filtered = flow;
    stages.forEach((stage, i) => {
      const sink = rejects(names[i]);
      filtered = filtered.pipe(stage, sink === null ? {} : { rejects: sink });
    });
    return filtered;
  };
}
