/**
 * One token a character: nanoGPT's and the lectures' first tokenizer, with its `meta` as JSON.
 *
 * @module
 */
import { excerpt } from "../format/text/excerpt.ts";
import { END_OF_TEXT } from "./end_of_text.ts";
import { Vocabulary } from "./vocabulary.ts";

/** A tokenizer over a fixed set of characters (code points). */
export class CharTokenizer extends Vocabulary {
  /** Characters by id. */
  readonly characters: readonly string[];
  readonly #ids: ReadonlyMap<string, number>;

  /** `special` tokens take the ids after the characters. Throws TypeError if a character is none or stands twice. */
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
        `Cannot use ${excerpt(odd)} in a character vocabulary: each must be one character, once`,
      );
    }
  }

  /** The characters of texts in the order of their code points, as nanoGPT's prepare.py sorts them. */
  static fromTexts(texts: Iterable<string>, special: readonly string[] = [END_OF_TEXT]): CharTokenizer {
    const seen = new Set<number>();
    for (const text of texts) {
      for (const character of text.toWellFormed()) seen.add(character.codePointAt(0) ?? 0);
    }
    const sorted = Uint32Array.from(seen).sort();
    return new CharTokenizer(Array.from(sorted, (codePoint) => String.fromCodePoint(codePoint)), special);
  }

  /** As in the interface. Throws RangeError for a character outside the vocabulary. */
  encodeOrdinary(text: string): Uint32Array {
    const whole = text.toWellFormed();
    const out = new Uint32Array(whole.length);
    let count = 0;
    for (const character of whole) {
      const id = this.#ids.get(character);
      if (id === undefined) {
        throw new RangeError(
          `Cannot encode ${JSON.stringify(character)} (character ${count}): not among the ` +
            `${this.characters.length} characters of the vocabulary: learn it from a text that has it`,
        );
      }
      out[count++] = id;
    }
    return out.slice(0, count);
  }

  /** nanoGPT's `meta`: `{ vocab_size, itos, special }`. */
  toJSON(): { vocab_size: number; itos: readonly string[]; special: readonly string[] } {
    return { vocab_size: this.vocabSize, itos: this.characters, special: [...this.special.keys()] };
  }
}

/** Reads what `CharTokenizer.toJSON` wrote. Throws SyntaxError naming the file and what is wrong. */
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
