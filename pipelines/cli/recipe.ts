/**
 * From filter options to FineWeb's recipe, and where what it drops is kept.
 *
 * @module
 */
import {
  type FinewebFilter,
  finewebFilters,
  type FinewebOptions,
} from "../../stages/filter/fineweb_group.ts";
import type { RejectsOf } from "../../stages/filter/fineweb.ts";
import { writeRemoved } from "../../stages/sink/documents.ts";
import type { filterOptions } from "./options.ts";
import type { Values } from "./pipeline.ts";

/** The recipe that the options ask for. */
export function recipeOf(o: Values<typeof filterOptions>): FinewebOptions {
  return {
    recipe: o.recipe,
    words: o.words,
    sentences: o.sentences,
    ...(o.stages !== null &&
      { stages: o.stages.flatMap((name) => finewebFilters.filter((f) => f === name)) }),
  };
}

/** A sink for each filter's rejects: `<dir>/<filter>/00000.jsonl.gz`. */
export function removedIn(dir: string): RejectsOf {
  return (filter: FinewebFilter) => writeRemoved({ dir: `${dir}/${filter}`, name: `removed ${filter}` });
}
