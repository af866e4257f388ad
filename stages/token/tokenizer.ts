/**
 * What a tokenizer is, and how to get one by name or from a folder.
 *
 * @module
 */

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

/** The text of the token that stands before each document: GPT-2's. */
export const END_OF_TEXT = "<|endoftext|>";

/** The id of the token between documents. Throws TypeError if the tokenizer has none. */
export function endOfText(tokenizer: Tokenizer): number {
  const id = tokenizer.special.get(END_OF_TEXT);
  if (id === undefined) {
    throw new TypeError(
      `Cannot separate documents: the tokenizer has no ${END_OF_TEXT}, its special tokens are [${
        [...tokenizer.special.keys()].join(", ")
      }]: add it as a special token`,
    );
  }
  return id;
}

/**
 * The tokenizer of a name, or of a saved one's path.
 *
 * Names: `byte`. Everything else is a path. Throws TypeError for an unknown name.
 */
export async function loadTokenizer(nameOrPath: string): Promise<Tokenizer> {
  if (nameOrPath === "byte") return (await import("./byte.ts")).byteTokenizer();
  throw new TypeError(`Cannot load the tokenizer ${nameOrPath}: expected byte`);
}
