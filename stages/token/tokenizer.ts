/**
 * What a tokenizer is, and how to get one by name or from a folder.
 *
 * @module
 */
export { END_OF_TEXT, endOfText } from "./end_of_text.ts";

/** Text to token ids and back. */
export interface Tokenizer {
  /** Ids are 0 … vocabSize - 1: bytes or characters, merges and special tokens together. */
  readonly vocabSize: number;
  /** Special tokens by their text; never found in plain text by `encode`. */
  readonly special: ReadonlyMap<string, number>;
  /** The ids of a text. A lone surrogate counts as U+FFFD. */
  encode(text: string): Uint32Array;
  /** The text of ids; bytes that are not UTF-8 become U+FFFD. Throws RangeError for an id outside the vocabulary. */
  decode(ids: Iterable<number>): string;
  /** The bytes of ids, exact also where they are not whole characters. Throws RangeError as `decode`. */
  decodeBytes(ids: Iterable<number>): Uint8Array;
}

/**
 * The tokenizer of a name, or of a saved one's path: gpt2 (r50k), cl100k, byte, char, or a folder or file.
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
      return await (await import("./published.ts")).gpt2Tokenizer();
    case "cl100k":
      return await (await import("./published.ts")).cl100kTokenizer();
    case "char":
      if (options.texts === undefined) {
        throw new TypeError(
          "Cannot load the tokenizer char: its characters come from a text: give texts, or a saved one's path",
        );
      }
      return (await import("./char.ts")).CharTokenizer.learn(options.texts);
    default:
      return await (await import("./folder.ts")).readTokenizer(nameOrPath);
  }
}
