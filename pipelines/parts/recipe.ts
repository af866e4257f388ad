/**
 * Makes FineWeb's recipe from filter options, and sinks for the documents that the recipe removes.
 *
 * @module
 */
import type { RejectsSinkFor } from "../../stages/filter/fineweb.ts";
import {
  type FinewebFilter,
  finewebFilters,
  type FinewebOptions,
  finewebStages,
  rewritingFilters,
} from "../../stages/filter/fineweb_group.ts";
import { defaultSentences, defaultWords } from "../../stages/filter/recipe.ts";
import { checkUrlLists } from "../../stages/filter/url/url_lists.ts";
import { writeRemoved } from "../../stages/sink/documents.ts";
import { loadTokenizer } from "../../stages/token/load_tokenizer.ts";
import type { Env, Values } from "../cli/pipeline.ts";
import type { filterOptions } from "./options/document_options.ts";

/**
 * The recipe that the options describe. With `signOnly`, minhash stores signatures for a later step and
 * removes nothing. Throws Deno.errors.NotFound for a missing block list or tokenizer, RangeError for a filter
 * that is named twice.
 */
export async function recipeOf(
  o: Values<typeof filterOptions>,
  env: Pick<Env, "out">,
  { signOnly = false }: { readonly signOnly?: boolean } = {},
): Promise<FinewebOptions> {
  const stages = (o.stages ?? finewebFilters).flatMap((name) => finewebFilters.filter((f) => f === name));
  const recipe: FinewebOptions = {
    recipe: o.recipe,
    words: o.words ?? defaultWords(o.recipe),
    sentences: o.sentences ?? defaultSentences(o.recipe),
    urlLists: o.urlList,
    tokenizer: o.countTokenizer,
    stages,
    ...(stages.includes("minhash") &&
      {
        minhash: {
          keep: signOnly ? "sign" : o.minhash,
          dir: `${env.out}/minhash`,
          memory: o.minhashMemory * 2 ** 20,
        },
      }),
  };
  finewebStages(recipe); // throws for options that contradict each other
  if (stages.includes("url")) await checkUrlLists(o.urlList);
  if (stages.includes("count")) await loadTokenizer(o.countTokenizer);
  return recipe;
}

/**
 * The same recipe without deduplication. It is used to read a sample of documents that will be read a second
 * time.
 */
export function withoutMemory({ minhash: _, ...recipe }: FinewebOptions): FinewebOptions {
  return { ...recipe, stages: (recipe.stages ?? finewebFilters).filter((name) => name !== "minhash") };
}

/**
 * For each filter, a sink for the documents that it removes. The sink writes `<dir>/<filter>/00000.jsonl.gz`,
 * where the number is the rank.
 */
export function removedIn(dir: string, rank: number | null = null): RejectsSinkFor {
  return (filter: FinewebFilter) =>
    rewritingFilters.has(filter)
      ? null
      : writeRemoved({ dir: `${dir}/${filter}`, name: `removed ${filter}`, rank });
}
