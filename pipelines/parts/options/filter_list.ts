/**
 * The option for a list of filters.
 *
 * @module
 */
import { finewebFilters } from "../../../stages/filter/fineweb_group.ts";
import { isOwnFilter, withHash } from "../../../stages/filter/own_filter.ts";
import { list, type ListSettings } from "../../cli/option_types.ts";
import type { Option } from "../../cli/pipeline.ts";
import { withSlashes } from "../../../stages/disk/paths.ts";

/**
 * Returns an option for filters: FineWeb's by name, a user's own by the path of its file, to which the hash
 * of its content is added. A default of null means that the option is unset.
 */
export function filterList(
  about: string,
  settings: ListSettings<readonly string[] | null>,
): Option<readonly string[] | null> {
  const words = list(about, settings);
  return {
    ...words,
    choices: finewebFilters,
    parse: (text) =>
      words.parse(withSlashes(text))?.map((word) => {
        if (isOwnFilter(word)) return withHash(word);
        if (finewebFilters.some((name) => name === word)) return word;
        const file = /\.[cm]?[jt]s$/.test(word) ? `./${word}` : "./my_filter.ts";
        throw new RangeError(
          `${word}: expected some of ${finewebFilters.join(", ")}, or the path of a file such as ${file}`,
        );
      }) ?? null,
  };
}
