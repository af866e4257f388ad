/**
 * GPT-2's files: `vocab.json` (token to id) and `merges.txt` (one merge per line). Bytes are written as
 * printable characters; see byte_characters.ts.
 *
 * @module
 */
import { excerpt } from "../../format/text/excerpt.ts";
import { type BpeSpec, BpeTokenizer, type Merge } from "../bpe.ts";
import { bytesToCharacters, charactersToBytes } from "../byte_characters.ts";
import { withoutAliases } from "../special.ts";
import type { Pattern } from "../split/patterns.ts";

/** Returns the content of `vocab.json`, special tokens included. */
export function gpt2Vocab(tokenizer: BpeTokenizer): string {
  return JSON.stringify(vocabularyJson(tokenizer));
}

/** Returns ids keyed by token text, in order of id. Throws TypeError if two tokens have the same text. */
export function vocabularyJson(tokenizer: BpeTokenizer): Record<string, number> {
  const entries = vocabularyEntries(tokenizer).sort((a, b) => a[1] - b[1]);
  const texts = new Map<string, number>();
  for (const [text, id] of entries) {
    const other = texts.get(text);
    if (other !== undefined) {
      throw new TypeError(
        `Cannot write the tokens ${other} and ${id} to one vocabulary: both would be written as ${
          excerpt(text)
        }`,
      );
    }
    texts.set(text, id);
  }
  return Object.fromEntries(entries);
}

/**
 * Returns whether all tokens have different texts, so that no special token has the same text as an ordinary
 * token.
 */
export function fitsVocabulary(tokenizer: BpeTokenizer): boolean {
  const entries = vocabularyEntries(tokenizer);
  return new Set(entries.map(([text]) => text)).size === entries.length;
}

function vocabularyEntries(tokenizer: BpeTokenizer): [string, number][] {
  const entries: [string, number][] = [...withoutAliases(tokenizer.special)];
  tokenizer.tokens.forEach((bytes, id) => bytes && entries.push([bytesToCharacters(bytes), id]));
  return entries;
}

/** The content of `merges.txt`. */
export function gpt2Merges(tokenizer: BpeTokenizer): string {
  const shown = tokenizer.tokens.map((bytes) => bytes === undefined ? "" : bytesToCharacters(bytes));
  return "#version: 0.2\n" +
    tokenizer.merges.map(([left, right]) => `${shown[left]} ${shown[right]}\n`).join("");
}

/** The contents of the two files, and the pattern, which is in neither. */
export interface Gpt2Files {
  /** Content of vocab.json. */
  readonly vocab: string;
  /** Content of merges.txt. */
  readonly merges: string;
  /** Path of the folder that holds them, for error messages. */
  readonly folder: string;
  /** Pattern that splits text into chunks (default gpt2). */
  readonly pattern?: Pattern;
}

/**
 * Reads `vocab.json` and `merges.txt`. An entry that is neither a byte nor the result of a merge is a special
 * token. Throws SyntaxError with the file, the line or entry, and the reason.
 */
export function parseGpt2Files(files: Gpt2Files): BpeTokenizer {
  const name = `${files.folder}/merges.txt`;
  const vocab = parseVocab(files.vocab, `${files.folder}/vocab.json`);
  const pairs: { pair: readonly [string, string]; where: string }[] = [];
  files.merges.split(/\r?\n/).forEach((line, i) => {
    if (line === "" || i === 0 && line.startsWith("#version")) return;
    const parts = line.split(" ");
    if (parts.length !== 2) {
      throw new SyntaxError(
        `Cannot read ${name}: line ${i + 1}: expected two tokens, found ${excerpt(line)}`,
      );
    }
    pairs.push({ pair: [parts[0], parts[1]], where: `${name}: line ${i + 1}` });
  });
  const made = new Set(pairs.map(({ pair: [left, right] }) => left + right));
  const special = new Map(
    [...vocab].filter(([text]) => !made.has(text) && charactersToBytes(text)?.length !== 1),
  );
  return tokenizerFromTexts({ vocab, pairs, special, pattern: files.pattern ?? "gpt2", name: files.folder });
}

/** Upper limit of ids in files, needed because tables in memory are as long as the greatest id. */
export const MAX_IDS: number = 2 ** 21;

/** Parses vocab.json into ids keyed by token text. Throws SyntaxError with the invalid entry. */
export function parseVocab(text: string, name: string): Map<string, number> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError(`Cannot read ${name}: not JSON: ${String(cause)}`, { cause });
  }
  return vocabularyOf(parsed, name);
}

/**
 * Reads a JSON object as ids keyed by token text. Throws SyntaxError with the entry that is invalid or
 * repeats an id.
 */
export function vocabularyOf(parsed: unknown, name: string): Map<string, number> {
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new SyntaxError(`Cannot read ${name}: expected a JSON object from token to id`);
  }
  const taken = new Set<number>();
  const vocab = new Map<string, number>();
  for (const [token, id] of Object.entries(parsed)) {
    if (!Number.isSafeInteger(id) || id < 0 || id >= MAX_IDS || taken.has(id)) {
      throw new SyntaxError(
        `Cannot read ${name}: token ${excerpt(token)} has id ${excerpt(id)}: ` +
          (taken.has(id) ? "another token has it" : `expected a whole number below ${MAX_IDS}`),
      );
    }
    taken.add(id);
    vocab.set(token, id);
  }
  return vocab;
}

/** A vocabulary as GPT-2's files and tokenizer.json both describe it. */
export interface ParsedVocabulary {
  /** Ids keyed by token text, which is written in printable characters. */
  readonly vocab: ReadonlyMap<string, number>;
  /** The merges in order, each with its place in the file for error messages. */
  readonly pairs: readonly { readonly pair: readonly [string, string]; readonly where: string }[];
  /** Ids of the special tokens, keyed by text. */
  readonly special: ReadonlyMap<string, number>;
  /** Pattern that splits text into chunks. */
  readonly pattern: Pattern;
  /** Path of the file, for error messages. */
  readonly name: string;
}

/**
 * Returns a tokenizer from the texts of tokens and merges. Throws SyntaxError with the place of an entry that
 * does not fit.
 */
export function tokenizerFromTexts({ vocab, pairs, special, pattern, name }: ParsedVocabulary): BpeTokenizer {
  const tokens: (Uint8Array | undefined)[] = [];
  for (const [text, id] of vocab) {
    if (special.has(text)) continue;
    const bytes = charactersToBytes(text);
    if (bytes === null) {
      throw new SyntaxError(
        `Cannot read ${name}: token ${excerpt(text)} has a character that stands for no byte`,
      );
    }
    tokens[id] = bytes;
  }
  const filled = Array.from(tokens); // holes in the array become undefined
  const merges = pairs.map(({ pair, where }): Merge => {
    const [left, right, id] = [pair[0], pair[1], pair[0] + pair[1]].map((text) => {
      const found = vocab.get(text);
      if (found === undefined) {
        throw new SyntaxError(`Cannot read ${where}: token ${excerpt(text)} is not in the vocabulary`);
      }
      return found;
    });
    return [left, right, id];
  });
  return checkedTokenizer({ pattern, tokens: filled, merges, special }, name);
}

/** Returns a tokenizer from a file's data. Throws SyntaxError with the file if the data are inconsistent. */
export function checkedTokenizer(spec: BpeSpec, name: string): BpeTokenizer {
  const taken = new Map<number, string>();
  for (const [text, id] of spec.special ?? []) {
    const other = taken.get(id);
    if (id >= MAX_IDS || other !== undefined) {
      throw new SyntaxError(
        `Cannot read ${name}: special token ${excerpt(text)} has id ${id}: ` +
          (other === undefined ? `expected a whole number below ${MAX_IDS}` : `${excerpt(other)} has it`),
      );
    }
    taken.set(id, text);
  }
  try {
    return new BpeTokenizer(spec);
  } catch (cause) {
    if (!(cause instanceof TypeError || cause instanceof SyntaxError)) throw cause;
    throw new SyntaxError(`Cannot read ${name}: ${cause.message}`, { cause });
  }
}
