/**
 * FineWeb's stages as a run's options ask for them: in the flow itself, or on several Workers.
 *
 * @module
 */
import { fineweb, finewebDuplicates } from "../../stages/filter/fineweb.ts";
import { type FinewebFilter, selectedFilters, serialFilters } from "../../stages/filter/fineweb_group.ts";
import { survey } from "../../stages/filter/survey/survey.ts";
import type { Flow } from "../../stages/flow/flow.ts";
import { parallel } from "../../stages/flow/parallel/parallel.ts";
import type { Document } from "../../stages/items.ts";
import type { PageOptions } from "../../stages/source/files/html.ts";
import type { filterOptions } from "./options/document_options.ts";
import type { Env, Values } from "../cli/pipeline.ts";
import { recipeOf, removedIn } from "./recipe.ts";

/** What of the filters' work a process does. */
export interface FilterWork {
  /** Of the process, where several write into one folder (default null: it is alone). */
  readonly rank?: number | null;
  /** Documents are signed, and not compared (default false). */
  readonly signOnly?: boolean;
  /** Where documents are looked at for the statistics (default before the filters and after them). */
  readonly surveys?: readonly SurveyPosition[];
}

/** Before the filters, or after them. */
export type SurveyPosition = "before" | "after";

/**
 * The recipe that the options ask for, dropped documents kept in `<out>/removed/<filter>`. Neighbours that remember
 * nothing run together on the workers, the others in the flow itself. Files, counts and checkpoints are the same for
 * any number of workers. With extraction among the stages there is one worker at least, so that a page on which it is
 * stuck costs only that page. Throws as `recipeOf`.
 */
export async function filters(
  o: Values<typeof filterOptions>,
  env: Pick<Env, "out" | "workers" | "emit">,
  { rank = null, signOnly = false, surveys: looks = ["before", "after"] }: FilterWork = {},
): Promise<(flow: Flow<Document>) => Flow<Document>> {
  const recipe = await recipeOf(o, env, { signOnly });
  const removed = removedIn(`${env.out}/removed`, rank);
  const names = selectedFilters(recipe);
  env.emit({ type: "run", pipeline: "", filters: { ...recipe, stages: names } }); // the statistics name them
  const extracts = names.includes("extract");
  if (env.workers <= 1 && !extracts) return surveyed(fineweb(recipe, removed), looks);
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
    const duplicates = stages.includes("minhash") ? finewebDuplicates(recipe) : null;
    if (duplicates === null) return spread;
    const sink = removed("minhash");
    return spread.pipe(duplicates, sink === null ? {} : { rejects: sink });
  };
  return surveyed((flow) =>
    neighbours(names).reduce(
      (filtered, stages) =>
        serialFilters.has(stages[0])
          ? filtered.via(fineweb({ ...recipe, stages }, removed))
          : together(filtered, stages),
      flow,
    ), looks);
}

/** How sources give pages: as they are where a stage extracts their text. */
export function pagesFor(stages: readonly string[] | null): PageOptions {
  return { pages: stages === null || stages.includes("extract") ? "html" : "text" };
}

/** The filters with a look at what goes in and what comes out, for the run's statistics. */
export function surveyed(
  group: (flow: Flow<Document>) => Flow<Document>,
  looks: readonly SurveyPosition[] = ["before", "after"],
): (flow: Flow<Document>) => Flow<Document> {
  const look = (at: SurveyPosition) => (flow: Flow<Document>) =>
    looks.includes(at) ? flow.pipe(survey(`${at} filters`)) : flow;
  return (flow) => flow.via(look("before")).via(group).via(look("after"));
}

/** Runs of stages that can go to the workers together, up to and with one that signs; each of the others by itself. */
function neighbours(names: readonly FinewebFilter[]): FinewebFilter[][] {
  const groups: FinewebFilter[][] = [];
  for (const name of names) {
    const last = groups[groups.length - 1];
    const ended = last === undefined || serialFilters.has(last[0]) || last.includes("minhash");
    if (ended || serialFilters.has(name)) groups.push([name]);
    else last.push(name);
  }
  return groups;
}
