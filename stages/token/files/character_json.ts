/**
 * Writes a character tokenizer as `tokenizer.json`, and recognizes one: a WordLevel model over a split into
 * characters, which gives the same ids in Hugging Face's libraries.
 *
 * @module
 */
import { addedTokens } from "./added_tokens.ts";
import { CharTokenizer } from "../char.ts";

/** Returns whether the format can hold a tokenizer: no special token is also a character. */
export function fitsCharacterJson(tokenizer: CharTokenizer): boolean {
  const characters = new Set(tokenizer.characters);
  return [...tokenizer.special.keys()].every((text) => !characters.has(text));
}

/** The content of `tokenizer.json`. */
export function characterJson(tokenizer: CharTokenizer): string {
  const special = [...tokenizer.special];
  return JSON.stringify({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: addedTokens(tokenizer.special),
    normalizer: null,
    pre_tokenizer: { type: "Split", pattern: { Regex: "[\\s\\S]" }, behavior: "Isolated", invert: false },
    post_processor: null,
    decoder: { type: "Fuse" },
    model: {
      type: "WordLevel",
      vocab: Object.fromEntries([...tokenizer.characters.map((one, id) => [one, id] as const), ...special]),
      unk_token: UNKNOWN, // not in the vocabulary, so that an unknown character is an error, not lost
    },
  });
}

const UNKNOWN = "<unknown character>";

/** Returns the character tokenizer that was written as this content, or null if none was. */
export function parseCharacterJson(json: string): CharTokenizer | null {
  if (!json.includes(UNKNOWN)) return null;
  try {
    const { model, added_tokens } = JSON.parse(json), characters: string[] = [], special: string[] = [];
    for (const { content } of added_tokens) special.push(content);
    for (const [text, id] of Object.entries<number>(model.vocab)) {
      if (!special.includes(text)) characters[id] = text;
    }
    const tokenizer = new CharTokenizer(characters, special);
    return characterJson(tokenizer) === JSON.stringify(JSON.parse(json)) ? tokenizer : null;
  } catch (error) {
    if (error instanceof TypeError || error instanceof SyntaxError) return null; // ComposedTokenizer says why
    throw error;
  }
}
