/**
 * FineWeb's stages as a run's options ask for them: in the flow itself, or on several Workers.
 *
 * @module
 */
import { fineweb, finewebDuplicates } from "../../stages/filter/fineweb.ts";
import { filtersOf, finewebAlone, type FinewebFilter } from "../../stages/filter/fineweb_group.ts";
import { survey } from "../../stages/filter/survey.ts";
import type { Flow } from "../../stages/flow/flow.ts";
import { parallel } from "../../stages/flow/parallel.ts";
import type { Document } from "../../stages/items.ts";
import type { PageOptions } from "../../stages/source/html.ts";
import type { filterOptions } from "./options.ts";
import type { Env, Values } from "./pipeline.ts";
import { recipeOf, removedIn } from "./recipe.ts";

/**
 * The recipe that the options ask for, dropped documents kept in `<out>/removed/<filter>`. Neighbours that remember
 * nothing run together on the workers, the others in the flow itself. Files, counts and checkpoints are the same for
 * any number of workers. With extraction among the stages there is one worker at least, so that a page on which it is
 * stuck costs only that page. Throws as `recipeOf`.
 */
export async function filters(
  o: Values<typeof filterOptions>,
  env: Pick<Env, "out" | "workers" | "emit">,
): Promise<(flow: Flow<Document>) => Flow<Document>> {
  const recipe = await recipeOf(o, env);
  const removed = removedIn(`${env.out}/removed`);
  const names = filtersOf(recipe);
  env.emit({ type: "run", pipeline: "", filters: { ...recipe, stages: names } }); // the statistics name them
  const extracts = names.includes("extract");
  if (env.workers <= 1 && !extracts) return surveyed(fineweb(recipe, removed));
  const module = import.meta.resolve("../../stages/filter/fineweb_group.ts");

  const together = (flow: Flow<Document>, stages: readonly FinewebFilter[]): Flow<Document> => {
    const rejects = Object.fromEntries(
      stages.filter((name) => name !== "minhash").flatMap((name) => {
        const sink = removed(name);
        return sink === null ? [] : [[name, sink]];
      }),
    );
    const work = { module, group: "finewebStages", options: { ...recipe, stages }, measure: "textLength" };
    const options = {
      workers: Math.max(1, env.workers),
      name: `${stages[0]} to ${stages[stages.length - 1]}`,
      ...(stages.includes("extract") &&
        { limit: { milliseconds: 1000 * o.extractTimeout, reason: "timeout" } }),
    };
    const spread = flow.pipe(parallel<Document, Document>(work, options), { rejects });
    if (!stages.includes("minhash")) return spread;
    const sink = removed("minhash");
    return spread.pipe(finewebDuplicates(recipe), sink === null ? {} : { rejects: sink });
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

/** How sources give pages: as they are where a stage extracts their text. */
export function pagesFor(stages: readonly string[] | null): PageOptions {
  return { pages: stages === null || stages.includes("extract") ? "html" : "text" };
}

/** The filters with a look at what goes in and what comes out, for the run's statistics. */
export function surveyed(
  group: (flow: Flow<Document>) => Flow<Document>,
): (flow: Flow<Document>) => Flow<Document> {
  return (flow) => flow.pipe(survey("before filters")).via(group).pipe(survey("after filters"));
}

/** Runs of stages that can go to the workers together, up to and with one that signs; each of the others by itself. */
function neighbours(names: readonly FinewebFilter[]): FinewebFilter[][] {
  const groups: FinewebFilter[][] = [];
  for (const name of names) {
    const last = groups[groups.length - 1];
    const ended = last === undefined || finewebAlone.has(last[0]) || last.includes("minhash");
    if (ended || finewebAlone.has(name)) groups.push([name]);
    else last.push(name);
  }
  return groups;
}
