/**
 * FineWeb's filters together with users' own, as a list of stages that is described by plain data. `parallel`
 * loads this module in each worker.
 *
 * @module
 */
import type { Stage } from "../flow/stage.ts";
import type { Document } from "../items.ts";
import {
  type FinewebFilter,
  finewebFilters,
  type FinewebOptions,
  finewebStages,
  serialFilters,
} from "./fineweb_group.ts";
import { isOwnFilter, loadOwnFilter, ownFilterName, type OwnFilterPath } from "./own_filter.ts";
export { textLength } from "../items.ts";

/** One of FineWeb's filters, or the path of a user's own. */
export type FilterName = FinewebFilter | OwnFilterPath;

/** Options of FineWeb's filters, and the filters to run, in this order. */
export type FilterGroupOptions =
  & Omit<FinewebOptions, "stages">
  & { readonly stages: readonly FilterName[] };

/** Returns the filters that `--stages` names: all of FineWeb's if it is null. Unknown names are left out. */
export function filterNames(stages: readonly string[] | null): FilterName[] {
  const known = (name: string): name is FinewebFilter => finewebFilters.some((filter) => filter === name);
  return (stages ?? finewebFilters).filter((name): name is FilterName => known(name) || isOwnFilter(name));
}

/** Returns the name of a filter's stage and of its folder of removed documents. */
export function stageNameOf(name: FilterName): string {
  return isOwnFilter(name) ? ownFilterName(name) : name;
}

/**
 * Returns the filters' stages in order, as `finewebStages()` returns them. Throws RangeError for a file that
 * is no filter, and for two filters with the same name.
 */
export async function filterStages(options: FilterGroupOptions): Promise<Stage<Document, Document>[]> {
  checkNames(options.stages);
  const standard = options.stages.filter((name): name is FinewebFilter => !isOwnFilter(name));
  const stages = finewebStages({ ...options, stages: standard }); // in one call: they share a word splitter
  return await Promise.all(
    options.stages.map(async (name) =>
      isOwnFilter(name) ? (await loadOwnFilter(name)).stage : stages[standard.indexOf(name)]
    ),
  );
}

/**
 * Returns the filters that must run in the flow itself and not on workers: `url`, `pii`, and users' own
 * stages, which may remember documents.
 */
export async function filtersInFlow(stages: readonly FilterName[]): Promise<ReadonlySet<FilterName>> {
  const inFlow = await Promise.all(
    stages.map(async (name) =>
      isOwnFilter(name) ? !(await loadOwnFilter(name)).isRule : serialFilters.has(name)
    ),
  );
  return new Set(stages.filter((_, i) => inFlow[i]));
}

function checkNames(filters: readonly FilterName[]): void {
  const names = filters.map(stageNameOf);
  const own = filters.find((filter, i) =>
    isOwnFilter(filter) &&
    (names.indexOf(names[i]) !== names.lastIndexOf(names[i]) ||
      finewebFilters.some((name) => name === names[i]))
  );
  if (own === undefined) return;
  throw new RangeError(
    `Two filters are called ${stageNameOf(own)}: rename the file ${
      own.replace(/#[0-9a-f]+$/, "")
    }, or list it once`,
  );
}
