/**
 * Makes FineWeb's recipe from filter options, and sinks for the documents that the recipe removes.
 *
 * @module
 */
import {
  type FilterGroupOptions,
  filterNames,
  filterStages,
  stageNameOf,
} from "../../stages/filter/filter_group.ts";
import { chained, finewebDuplicates, type RejectsSinkFor } from "../../stages/filter/fineweb.ts";
import { rewritingFilters } from "../../stages/filter/fineweb_group.ts";
import { defaultSentences, defaultWords } from "../../stages/filter/recipe.ts";
import { checkUrlLists } from "../../stages/filter/url/url_lists.ts";
import type { Flow } from "../../stages/flow/flow.ts";
import type { Document } from "../../stages/items.ts";
import { writeRemoved } from "../../stages/sink/documents.ts";
import { loadTokenizer } from "../../stages/token/load_tokenizer.ts";
import type { Env, Values } from "../cli/pipeline.ts";
import type { filterOptions } from "./options/document_options.ts";

/**
 * Returns the recipe that the options describe. With `signOnly`, minhash stores signatures for a later step
 * and removes nothing. Throws Deno.errors.NotFound for a missing block list or tokenizer, RangeError for a
 * filter that is named twice, or for a file that holds no filter.
 */
export async function recipeOf(
  o: Values<typeof filterOptions>,
  env: Pick<Env, "out">,
  { signOnly = false }: { readonly signOnly?: boolean } = {},
): Promise<FilterGroupOptions> {
  const stages = filterNames(o.stages);
  const recipe: FilterGroupOptions = {
    recipe: o.recipe,
    words: o.words ?? defaultWords(o.recipe),
    sentences: o.sentences ?? defaultSentences(o.recipe),
    urlLists: o.urlList,
    tokenizer: o.countTokenizer,
    stages,
    ...(stages.includes("extract") &&
      {
        extract: {
          favor: o.extractFavor,
          comments: o.extractComments === "keep",
          markup: o.extractMarkup,
        },
      }),
    ...(stages.includes("minhash") &&
      {
        minhash: {
          keep: signOnly ? "sign" : o.minhash,
          dir: `${env.out}/minhash`,
          memory: o.minhashMemory * 2 ** 20,
          records: o.minhashRecords,
        },
      }),
  };
  await filterStages(recipe); // throws for options that contradict each other
  if (stages.includes("url")) await checkUrlLists(o.urlList);
  if (stages.includes("count")) await loadTokenizer(o.countTokenizer);
  return recipe;
}

/**
 * Returns the recipe's filters as a part of a flow; they run on the flow's thread. Throws the same as
 * `filterStages`.
 */
export async function inFlow(
  recipe: FilterGroupOptions,
  rejects: RejectsSinkFor = () => null,
): Promise<(flow: Flow<Document>) => Flow<Document>> {
  const names = recipe.stages.map(stageNameOf);
  const duplicates = names.includes("minhash") ? finewebDuplicates(recipe) : null;
  return chained(await filterStages(recipe), { names, duplicates, rejects });
}

/**
 * Returns the same filters for a reading before the run, which samples documents for a tokenizer.
 * Near-duplicates are dropped as in the run, with files of their own, so that the same documents are held
 * out. Throws the same errors as `recipeOf`.
 */
export async function sampleFilters(
  o: Values<typeof filterOptions>,
  env: Pick<Env, "out">,
): Promise<(flow: Flow<Document>) => Flow<Document>> {
  return await inFlow(await recipeOf(o, { out: `${env.out}/${SAMPLE_FOLDER}` }));
}

/** Folder in a run's folder for the files of `sampleFilters`, to be removed after the reading. */
export const SAMPLE_FOLDER = "minhash/sample";

/**
 * Returns, for each filter, a sink for the documents that it removes. The sink writes
 * `<dir>/<filter>/00000.jsonl.gz`, where the number is the rank.
 */
export function removedIn(dir: string, rank: number | null = null): RejectsSinkFor {
  return (filter) =>
    rewritingFilters.has(filter)
      ? null
      : writeRemoved({ dir: `${dir}/${filter}`, name: `removed ${filter}`, rank });
}
