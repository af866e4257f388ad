/**
 * Builds the filters, FineWeb's and users' own, from the options of a run. They run in the flow itself or on
 * several workers.
 *
 * @module
 */
import { type FilterName, filtersInFlow, stageNameOf } from "../../stages/filter/filter_group.ts";
import { finewebDuplicates } from "../../stages/filter/fineweb.ts";
import { survey } from "../../stages/filter/survey/survey.ts";
import type { PiiState } from "../../stages/filter/pii/pii.ts";
import type { Flow } from "../../stages/flow/flow.ts";
import { parallel } from "../../stages/flow/parallel/parallel.ts";
import type { Document } from "../../stages/items.ts";
import type { PageOptions } from "../../stages/source/files/html.ts";
import type { Env, Values } from "../cli/pipeline.ts";
import type { filterOptions } from "./options/document_options.ts";
import { inFlow, recipeOf, removedIn } from "./recipe.ts";

/** The part of the work that this process does. */
export interface FilterWork {
  /**
   * Rank of this process among the processes that write into the same folder; null (default) if it works
   * alone.
   */
  readonly rank?: number | null;
  /** Whether minhash only stores signatures, which a later step compares. Default false. */
  readonly signOnly?: boolean;
  /**
   * Positions at which documents are surveyed for the statistics. Default: before the filters and after them.
   */
  readonly surveys?: readonly SurveyPosition[];
  /** Numbers of addresses that other processes mask before this one. Default: none. */
  readonly addressesBefore?: PiiState | undefined;
}

/** Position of a survey: before the filters or after them. */
export type SurveyPosition = "before" | "after";

/**
 * Builds the filters that the options select; removed documents are written to `<out>/removed/<filter>`.
 * Consecutive filters without state run together on the workers; the other filters run in the flow itself.
 * Files, counts and checkpoints are the same for any number of workers. Extraction always runs on a worker,
 * which can be stopped when it hangs on a page. Throws the same errors as `recipeOf`.
 */
export async function filters(
  o: Values<typeof filterOptions>,
  env: Pick<Env, "out" | "workers" | "emit">,
  { rank = null, signOnly = false, surveys = ["before", "after"], addressesBefore }: FilterWork = {},
): Promise<(flow: Flow<Document>) => Flow<Document>> {
  const recipe = {
    ...await recipeOf(o, env, { signOnly }),
    ...(addressesBefore !== undefined && { addressesBefore }),
  };
  const removed = removedIn(`${env.out}/removed`, rank);
  const names = recipe.stages;
  // The statistics and the report name the filters.
  env.emit({ type: "run", pipeline: "", filters: { ...recipe, stages: names.map(stageNameOf) } });
  const extracts = names.includes("extract");
  if (env.workers <= 1 && !extracts) return surveyed(await inFlow(recipe, removed), surveys);
  const module = import.meta.resolve("../../stages/filter/filter_group.ts");

  const onWorkers = (flow: Flow<Document>, stages: readonly FilterName[]): Flow<Document> => {
    const rejects = Object.fromEntries(
      stages.filter((name) => name !== "minhash").map(stageNameOf).flatMap((name) => {
        const sink = removed(name);
        return sink === null ? [] : [[name, sink]];
      }),
    );
    const work = { module, group: "filterStages", options: { ...recipe, stages }, measure: "textLength" };
    const options = {
      workers: Math.max(1, env.workers),
      name: `${stageNameOf(stages[0])} to ${stageNameOf(stages[stages.length - 1])}`,
      ...(stages.includes("extract") &&
        { limit: { milliseconds: 1000 * o.extractTimeout, reason: "timeout" } }),
    };
    const spread = flow.pipe(parallel<Document, Document>(work, options), { rejects });
    const duplicates = stages.includes("minhash") ? finewebDuplicates(recipe) : null;
    if (duplicates === null) return spread;
    const sink = removed("minhash");
    return spread.pipe(duplicates, sink === null ? {} : { rejects: sink });
  };
  const serial = await filtersInFlow(names);
  const groups = await Promise.all(
    neighbours(names, serial).map(async (stages) =>
      serial.has(stages[0])
        ? await inFlow({ ...recipe, stages }, removed)
        : (flow: Flow<Document>) => onWorkers(flow, stages)
    ),
  );
  return surveyed((flow) => groups.reduce((filtered, group) => filtered.via(group), flow), surveys);
}

/** Returns how sources read pages: as HTML if a filter extracts the text, otherwise as text. */
export function pagesFor(stages: readonly string[] | null): PageOptions {
  return { pages: stages === null || stages.includes("extract") ? "html" : "text" };
}

/** Surveys the documents before and after the filters, for the run's statistics. */
export function surveyed(
  group: (flow: Flow<Document>) => Flow<Document>,
  surveys: readonly SurveyPosition[] = ["before", "after"],
): (flow: Flow<Document>) => Flow<Document> {
  const surveyAt = (at: SurveyPosition) => (flow: Flow<Document>) =>
    surveys.includes(at) ? flow.pipe(survey(`${at} filters`)) : flow;
  return (flow) => flow.via(surveyAt("before")).via(group).via(surveyAt("after"));
}

/**
 * Returns the groups of consecutive filters that run on the workers together; a filter that must run in the
 * flow is a group of its own. Minhash ends a group: workers compute its signatures, and the flow compares
 * them.
 */
function neighbours(names: readonly FilterName[], serial: ReadonlySet<FilterName>): FilterName[][] {
  const groups: FilterName[][] = [];
  for (const name of names) {
    const last = groups[groups.length - 1];
    const ended = last === undefined || serial.has(last[0]) || last.includes("minhash");
    if (ended || serial.has(name)) groups.push([name]);
    else last.push(name);
  }
  return groups;
}
