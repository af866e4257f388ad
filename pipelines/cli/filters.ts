/**
 * FineWeb's stages as a run's options ask for them: in the flow itself, or on several Workers.
 *
 * @module
 */
import { fineweb } from "../../stages/filter/fineweb.ts";
import { finewebAlone, type FinewebFilter, finewebFilters } from "../../stages/filter/fineweb_group.ts";
import { survey } from "../../stages/filter/survey.ts";
import type { Flow } from "../../stages/flow/flow.ts";
import { parallel } from "../../stages/flow/parallel.ts";
import type { Document } from "../../stages/items.ts";
import type { filterOptions } from "./options.ts";
import type { Env, Values } from "./pipeline.ts";
import { recipeOf, removedIn } from "./recipe.ts";

/**
 * The recipe that the options ask for, dropped documents kept in `<out>/removed/<filter>`. Neighbours that remember
 * nothing run together on the workers, the others in the flow itself. Files, counts and checkpoints are the same for
 * any number of workers. Throws as `recipeOf`.
 */
export async function filters(
  o: Values<typeof filterOptions>,
  env: Pick<Env, "out" | "workers" | "emit">,
): Promise<(flow: Flow<Document>) => Flow<Document>> {
  const recipe = await recipeOf(o, env);
  const removed = removedIn(`${env.out}/removed`);
  const names = recipe.stages ?? finewebFilters;
  if (env.workers <= 1) return surveyed(fineweb(recipe, removed));
  const module = import.meta.resolve("../../stages/filter/fineweb_group.ts");

  const together = (flow: Flow<Document>, stages: readonly FinewebFilter[]): Flow<Document> => {
    const rejects = Object.fromEntries(stages.flatMap((name) => {
      const sink = removed(name);
      return sink === null ? [] : [[name, sink]];
    }));
    const work = { module, group: "finewebStages", options: { ...recipe, stages }, measure: "textLength" };
    const name = `${stages[0]} to ${stages[stages.length - 1]}`;
    return flow.pipe(parallel<Document, Document>(work, { workers: env.workers, name }), { rejects });
  };
  return surveyed((flow) =>
    neighbours(names).reduce(
      (filtered, stages) =>
        finewebAlone.has(stages[0])
          ? filtered.via(fineweb({ ...recipe, stages }, removed))
          : together(filtered, stages),
      flow,
    )
  );
}

/** The filters with a look at what goes in and what comes out, for the run's statistics. */
export function surveyed(
  group: (flow: Flow<Document>) => Flow<Document>,
): (flow: Flow<Document>) => Flow<Document> {
  return (flow) => flow.pipe(survey("before filters")).via(group).pipe(survey("after filters"));
}

/** Runs of stages that can go to the workers together; each of the others by itself. */
function neighbours(names: readonly FinewebFilter[]): FinewebFilter[][] {
  const groups: FinewebFilter[][] = [];
  for (const name of names) {
    const last = groups[groups.length - 1];
    if (last === undefined || finewebAlone.has(name) || finewebAlone.has(last[0])) groups.push([name]);
    else last.push(name);
  }
  return groups;
}
