/**
 * The character tokenizer of nanoGPT and of Karpathy's first lectures: each character is a token. The content
 * of nanoGPT's `meta.pkl` is stored as JSON here.
 *
 * @module
 */
import { excerpt } from "../format/text/excerpt.ts";
import { END_OF_TEXT } from "./end_of_text.ts";
import { Vocabulary } from "./vocabulary.ts";

/**
 * A tokenizer over a fixed set of characters (Unicode code points).
 *
 * @example
 * ```ts
 * import { CharTokenizer } from "@stagewise/gpt";
 *
 * const tokenizer = CharTokenizer.fromTexts(["hello"]);
 * console.log([...tokenizer.encode("hole")]); // [ 1, 3, 2, 0 ]
 * ```
 */
export class CharTokenizer extends Vocabulary {
  /** Characters, indexed by id. */
  readonly characters: readonly string[];
  readonly #ids: ReadonlyMap<string, number>;

  /**
   * Ids follow the order of `characters`, then of `special`. Throws TypeError if an entry of `characters` is
   * not exactly one code point or occurs twice.
   */
  constructor(characters: readonly string[], special: readonly string[] = [END_OF_TEXT]) {
    super(
      characters.map((character) => new TextEncoder().encode(character)),
      new Map(special.map((text, i) => [text, characters.length + i])),
    );
    this.characters = characters;
    this.#ids = new Map(characters.map((character, id) => [character, id]));
    const odd = characters.find((character, id) =>
      [...character].length !== 1 || !character.isWellFormed() || this.#ids.get(character) !== id
    );
    if (odd !== undefined) {
      throw new TypeError(
        `Cannot use ${excerpt(odd)} in a character vocabulary: expected one character that is not in it yet`,
      );
    }
  }

  /**
   * Returns a tokenizer of the characters that occur in `texts`, sorted by code point as in nanoGPT's
   * prepare.py.
   */
  static fromTexts(texts: Iterable<string>, special: readonly string[] = [END_OF_TEXT]): CharTokenizer {
    const seen = new Set<number>();
    for (const text of texts) {
      for (const character of text.toWellFormed()) seen.add(character.codePointAt(0) ?? 0);
    }
    const sorted = Uint32Array.from(seen).sort();
    return new CharTokenizer(Array.from(sorted, (codePoint) => String.fromCodePoint(codePoint)), special);
  }

  /** See `Tokenizer.encodeOrdinary`. Throws RangeError for a character that is not in the vocabulary. */
  encodeOrdinary(text: string): Uint32Array {
    const whole = text.toWellFormed();
    const out = new Uint32Array(whole.length);
    let count = 0;
    for (const character of whole) {
      const id = this.#ids.get(character);
      if (id === undefined) {
        throw new RangeError(
          `Cannot encode ${
            JSON.stringify(character)
          } (character ${count} of the text): it is not among the ` +
            `${this.characters.length} characters of the vocabulary: build the vocabulary from texts that contain it`,
        );
      }
      out[count++] = id;
    }
    return out.slice(0, count);
  }

  /** Returns the content of meta.json: nanoGPT's `vocab_size` and `itos`, and the special tokens. */
  toJSON(): { vocab_size: number; itos: readonly string[]; special: readonly string[] } {
    return { vocab_size: this.vocabSize, itos: this.characters, special: [...this.special.keys()] };
  }
}

/** Reads a meta.json that `CharTokenizer.toJSON` made. Throws SyntaxError with the file and the reason. */
export function parseCharMeta(text: string, file: string): CharTokenizer {
  const refuse = (why: string, cause?: unknown): SyntaxError =>
    new SyntaxError(`Cannot read the character vocabulary ${file}: ${why}`, { cause });
  let meta: unknown;
  try {
    meta = JSON.parse(text);
  } catch (cause) {
    throw refuse(`not JSON: ${String(cause)}`, cause);
  }
  if (typeof meta !== "object" || meta === null || !("itos" in meta) || !isStrings(meta.itos)) {
    throw refuse("itos must be a list of characters");
  }
  const special = "special" in meta ? meta.special : [];
  if (!isStrings(special)) throw refuse("special must be a list of texts");
  if ("vocab_size" in meta && meta.vocab_size !== meta.itos.length + special.length) {
    throw refuse(
      `vocab_size is ${excerpt(meta.vocab_size)}, but itos and special have ${
        meta.itos.length + special.length
      }`,
    );
  }
  try {
    return new CharTokenizer(meta.itos, special);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw refuse(cause.message, cause);
  }
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
