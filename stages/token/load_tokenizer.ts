/**
 * Tokenizers by name or from disk. Each kind's module, and its vocabulary, is loaded only when it is asked for.
 *
 * @module
 */
import type { Tokenizer } from "./tokenizer.ts";

/**
 * The tokenizer of a name, or of a saved one's path: gpt2 (r50k), p50k, cl100k, o200k, byte, char, or a folder or file.
 *
 * `char` needs `texts` to learn its characters from. Throws TypeError without them, Deno.errors.NotFound if there is
 * no such path, SyntaxError if what is there is malformed.
 */
export async function loadTokenizer(
  nameOrPath: string,
  options: { readonly texts?: Iterable<string> } = {},
): Promise<Tokenizer> {
  switch (nameOrPath) {
    case "byte":
      return (await import("./byte.ts")).byteTokenizer();
    case "gpt2":
    case "p50k":
    case "cl100k":
    case "o200k":
      return await (await import("./files/openai_vocabularies.ts")).openAiTokenizer(nameOrPath);
    case "char":
      if (options.texts === undefined) {
        throw new TypeError(
          "Cannot load the tokenizer char: its characters come from a text: give texts, or a saved one's path",
        );
      }
      return (await import("./char.ts")).CharTokenizer.fromTexts(options.texts);
    default:
      return await (await import("./files/folder.ts")).readTokenizer(nameOrPath);
  }
}
