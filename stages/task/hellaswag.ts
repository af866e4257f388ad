/**
 * HellaSwag: which of four endings follows a text?
 * Source: Zellers et al. 2019; the JSON lines have the published format.
 *
 * @module
 */
import { isRecord } from "../disk/json.ts";
import type { Source } from "../flow/stage.ts";
import { readUnpacked } from "../format/packed/packed_file.ts";
import { type JsonlPosition, readJsonl } from "../format/text/jsonl.ts";
import type { MultipleChoice } from "./multiple_choice.ts";

/** Options of `hellaswag`. */
export interface HellaswagOptions {
  /** Maximum number of items to read from the start of the file. Default: all. */
  readonly items?: number;
}

/** Position in the file. */
export interface HellaswagState {
  /** Position of the next line in the decompressed file. */
  place: JsonlPosition;
  /** Number of items read. */
  given: number;
}

/**
 * Reads the items of a file of `{ctx, label, endings}` lines, which may be compressed. Throws
 * Deno.errors.NotFound if there is no such file, SyntaxError for a line that is not JSON, and TypeError for a
 * line that is not an item; the messages name the file and the line.
 *
 * @example
 * ```ts
 * import { from, hellaswag } from "@stagewise/gpt";
 *
 * const path = `${await Deno.makeTempDir()}/val.jsonl`;
 * const item = { ctx: "We the", endings: ["People", "table", "seven", "blue"], label: 0 };
 * await Deno.writeTextFile(path, JSON.stringify(item));
 * const [{ endings, label }] = await Array.fromAsync(from(hellaswag(path)).stream());
 * console.log(endings[label]); // "People"
 * ```
 */
export function hellaswag(
  path: string,
  options: HellaswagOptions = {},
): Source<MultipleChoice, HellaswagState> {
  const { items = Infinity } = options;
  return {
    name: "hellaswag",
    open: (_ctx, saved) => saved ?? { place: { offset: 0, line: 0 }, given: 0 },
    async *read(state, ctx) {
      if (state.given >= items) return;
      const { place } = state;
      const bytes = readUnpacked(path, { offset: place.offset, signal: ctx.signal });
      for await (const { value, line, next } of readJsonl(bytes, { name: path, from: place })) {
        const item = choiceOf(value, `line ${line} of ${path}`);
        state.place = next;
        state.given++;
        yield item;
        if (state.given >= items) return;
      }
    },
  };
}

function choiceOf(value: unknown, where: string): MultipleChoice {
  const { ctx, label, endings } = isRecord(value) ? value : {};
  const texts = Array.isArray(endings) ? endings.filter((ending) => typeof ending === "string") : [];
  if (
    typeof ctx !== "string" || !Array.isArray(endings) || texts.length !== endings.length || texts.length < 2
  ) {
    throw new TypeError(
      `Cannot use ${where}: expected {"ctx": text, "label": 0 to 3, "endings": [four texts]}: is this a HellaSwag file?`,
    );
  }
  const right = typeof label === "string" ? Number.parseInt(label) : label; // some mirrors write it as text
  if (typeof right !== "number" || !Number.isInteger(right) || right < 0 || right >= texts.length) {
    throw new TypeError(
      `Cannot use ${where}: its label is ${JSON.stringify(label)}, wanted 0 to ${texts.length - 1}: ` +
        `HellaSwag's test split has no labels: use its validation split`,
    );
  }
  return { context: ctx, endings: texts, label: right };
}
