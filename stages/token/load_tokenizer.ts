/**
 * Loads a tokenizer by name or from disk. The code and the vocabulary of a tokenizer are imported only when
 * it is used.
 *
 * @module
 */
import type { Tokenizer } from "./tokenizer.ts";
import { openAiVocabulary } from "./tokenizer_names.ts";

/**
 * Loads a tokenizer: one of gpt2 (r50k), p50k, p50k_edit, cl100k, o200k, o200k_harmony, byte and char by its
 * name, or a saved tokenizer by the path of its folder or file. tiktoken's own names, such as `cl100k_base`,
 * are accepted too.
 *
 * `char` takes its characters from `texts`. Throws TypeError if `char` is given without `texts`,
 * Deno.errors.NotFound if the path does not exist, SyntaxError if the file is malformed.
 *
 * @example
 * ```ts
 * import { loadTokenizer } from "@stagewise/gpt";
 *
 * const tokenizer = await loadTokenizer("gpt2");
 * console.log([...tokenizer.encode("hello world")]); // [ 31373, 995 ]
 * ```
 */
export async function loadTokenizer(
  nameOrPath: string,
  options: { readonly texts?: Iterable<string> } = {},
): Promise<Tokenizer> {
  switch (nameOrPath) {
    case "byte":
      return (await import("./byte.ts")).byteTokenizer();
    case "char":
      if (options.texts === undefined) {
        throw new TypeError(
          "Cannot load the tokenizer char: it has no characters without texts: give texts, or a saved tokenizer's path",
        );
      }
      return (await import("./char.ts")).CharTokenizer.fromTexts(options.texts);
    default: {
      const published = openAiVocabulary(nameOrPath);
      if (published === null) return await (await import("./files/folder.ts")).readTokenizer(nameOrPath);
      return await (await import("./files/openai_vocabularies.ts")).openAiTokenizer(published);
    }
  }
}
