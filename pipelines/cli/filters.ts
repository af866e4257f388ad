/**
 * FineWeb's filters as a run's options ask for them: in the flow itself, or on several Workers.
 *
 * @module
 */
import { fineweb } from "../../stages/filter/fineweb.ts";
import { finewebFilters } from "../../stages/filter/fineweb_group.ts";
import type { Flow } from "../../stages/flow/flow.ts";
import { parallel } from "../../stages/flow/parallel.ts";
import type { Document } from "../../stages/items.ts";
import type { filterOptions } from "./options.ts";
import type { Env, Values } from "./pipeline.ts";
import { recipeOf, removedIn } from "./recipe.ts";

/**
 * The recipe that the options ask for, dropped documents kept in `<out>/removed/<filter>`. Files, counts and
 * checkpoints are the same for any number of workers.
 */
export function filters(
  o: Values<typeof filterOptions>,
  env: Pick<Env, "out" | "workers">,
): (flow: Flow<Document>) => Flow<Document> {
  const recipe = recipeOf(o);
  const removed = removedIn(`${env.out}/removed`);
  const inThisThread = fineweb(recipe, removed); // also finds what is wrong with the options
  const names = recipe.stages ?? finewebFilters;
  if (env.workers <= 1 || names.length === 0) return inThisThread;
  const module = import.meta.resolve("../../stages/filter/fineweb_group.ts");
  const rejects = Object.fromEntries(names.flatMap((name) => {
    const sink = removed(name);
    return sink === null ? [] : [[name, sink]];
  }));
  return (flow) =>
    flow.pipe(
      parallel<Document, Document>({
        module,
        group: "finewebStages",
        options: recipe,
        measure: "textLength",
      }, { workers: env.workers, name: "filters" }),
      { rejects },
    );
}
