/**
 * From filter options to FineWeb's recipe, and where what it drops is kept.
 *
 * @module
 */
import {
  type FinewebFilter,
  finewebFilters,
  type FinewebOptions,
  finewebStages,
  rewritingFilters,
} from "../../stages/filter/fineweb_group.ts";
import type { RejectsSinkFor } from "../../stages/filter/fineweb.ts";
import { defaultSentences, defaultWords } from "../../stages/filter/recipe.ts";
import { checkUrlLists } from "../../stages/filter/url/url_lists.ts";
import { writeRemoved } from "../../stages/sink/documents.ts";
import { loadTokenizer } from "../../stages/token/load_tokenizer.ts";
import type { filterOptions } from "./options/document_options.ts";
import type { Env, Values } from "../cli/pipeline.ts";

/**
 * The recipe that the options ask for; what it needs from outside is there. Throws
 * Deno.errors.NotFound for a block list or tokenizer that is not there, RangeError for a doubled stage.
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
  finewebStages(recipe); // finds what is wrong with the options
  if (stages.includes("url")) await checkUrlLists(o.urlList);
  if (stages.includes("count")) await loadTokenizer(o.countTokenizer);
  return recipe;
}

/** The same for a look at some of the documents: nothing is remembered of them. */
export function withoutMemory({ minhash: _, ...recipe }: FinewebOptions): FinewebOptions {
  return { ...recipe, stages: (recipe.stages ?? finewebFilters).filter((name) => name !== "minhash") };
}

/** A sink for what each filter drops: `<dir>/<filter>/00000.jsonl.gz`, of one of several processes named for its rank. */
export function removedIn(dir: string, rank: number | null = null): RejectsSinkFor {
  return (filter: FinewebFilter) =>
    rewritingFilters.has(filter)
      ? null
      : writeRemoved({ dir: `${dir}/${filter}`, name: `removed ${filter}`, rank });
}
