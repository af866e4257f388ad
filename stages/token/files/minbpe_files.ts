/**
 * minbpe's files, version 1: `.model` holds the pattern, the special tokens and the merges; `.vocab` lists
 * the tokens for people and is never read by a program.
 *
 * Source: karpathy/minbpe base.py.
 *
 * @module
 */
import { excerpt } from "../../format/text/excerpt.ts";
import type { BpeTokenizer, Merge } from "../bpe.ts";
import { checkedTokenizer } from "./gpt2_files.ts";
import { patternSource } from "../split/patterns.ts";

/** Returns whether minbpe's format can hold a tokenizer. */
export function fitsMinbpe(tokenizer: BpeTokenizer): boolean {
  return whyNotMinbpe(tokenizer) === null;
}

/**
 * Returns why minbpe's format cannot hold a tokenizer, or null if it can. minbpe strips the line of the
 * pattern, and splits those of special tokens at white space.
 */
export function whyNotMinbpe(tokenizer: BpeTokenizer): string | null {
  const pattern = patternSource(tokenizer.pattern);
  if (/[\r\n]/.test(pattern) || pattern.trim() !== pattern) {
    return `minbpe would change the pattern ${excerpt(pattern)}, because of white space in it`;
  }
  const special = [...tokenizer.special.keys()].find((text) => /\s/.test(text));
  if (special !== undefined) {
    return `minbpe cannot read the special token ${excerpt(special)}: it has white space`;
  }
  const inOrder = tokenizer.byteIds.every((id, byte) => id === byte) &&
    tokenizer.merges.every(([, , id], rank) => id === 256 + rank);
  return inOrder ? null : "ids 0 to 255 must be the bytes, and the merges' ids must follow in order";
}

/** The content of `.model`. Throws TypeError if the format cannot hold the tokenizer. */
export function minbpeModel(tokenizer: BpeTokenizer): string {
  const why = whyNotMinbpe(tokenizer);
  if (why !== null) throw new TypeError(`Cannot write a minbpe model: ${why}: write tokenizer.json instead`);
  let text = `minbpe v1\n${patternSource(tokenizer.pattern)}\n${tokenizer.special.size}\n`;
  for (const [special, id] of tokenizer.special) text += `${special} ${id}\n`;
  for (const [left, right] of tokenizer.merges) text += `${left} ${right}\n`;
  return text;
}

/** Returns the content of `.vocab`: each token's text, and the two tokens that it was merged from. */
export function minbpeVocab(tokenizer: BpeTokenizer): string {
  const shown = tokenizer.tokens.map((bytes) => bytes === undefined ? "" : rendered(bytes));
  const parts = new Map(
    tokenizer.merges.map(([left, right, id]) => [id, `[${shown[left]}][${shown[right]}] -> `]),
  );
  const lines = shown.map((token, id) => `${parts.get(id) ?? ""}[${token}] ${id}\n`);
  for (const [special, id] of tokenizer.special) lines.push(`[${special}] ${id}\n`);
  return lines.join("");
}

const mostBytes = 1 << 26; // limit for all tokens together: in a hostile file each merge could double it

/** Reads a `.model`. Throws SyntaxError, which names the file, the line and the reason. */
export function parseMinbpeModel(text: string, file: string): BpeTokenizer {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  const refuse = (index: number, why: string): SyntaxError =>
    new SyntaxError(`Cannot read ${file}: line ${index + 1}: ${why}`);
  if (lines[0] !== "minbpe v1") {
    throw refuse(0, `expected "minbpe v1", found ${excerpt(lines[0] ?? "")}`);
  }
  if (lines.length < 3) throw refuse(lines.length, "the file ends before the count of special tokens");
  if (!/^\d{1,6}$/.test(lines[2])) {
    throw refuse(2, `expected the count of special tokens, found ${excerpt(lines[2])}`);
  }
  const firstMerge = 3 + Number(lines[2]);
  if (lines.length < firstMerge) {
    throw refuse(lines.length, `the file ends after ${lines.length - 3} of ${lines[2]} special tokens`);
  }
  const special = new Map<string, number>();
  for (let i = 3; i < firstMerge; i++) {
    const match = /^([^]+) (\d{1,7})$/.exec(lines[i]);
    if (match === null) throw refuse(i, `expected a special token and its id, found ${excerpt(lines[i])}`);
    special.set(match[1], Number(match[2]));
  }
  const tokens = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
  const merges: Merge[] = [];
  let total = 0;
  for (let i = firstMerge; i < lines.length; i++) {
    const match = /^(\d{1,7}) (\d{1,7})$/.exec(lines[i]);
    if (match === null) throw refuse(i, `expected two ids, found ${excerpt(lines[i])}`);
    const left = Number(match[1]), right = Number(match[2]);
    if (left >= tokens.length || right >= tokens.length) {
      throw refuse(i, `merge ${lines[i]} needs ids below its own, ${tokens.length}`);
    }
    merges.push([left, right, tokens.length]);
    const joined = new Uint8Array(tokens[left].length + tokens[right].length);
    total += joined.length;
    if (total > mostBytes) {
      throw refuse(i, `the tokens so far have ${total} bytes together, expected at most ${mostBytes}`);
    }
    joined.set(tokens[left]);
    joined.set(tokens[right], tokens[left].length);
    tokens.push(joined);
  }
  return checkedTokenizer({ pattern: lines[1], tokens, merges, special }, file);
}

/** Returns a token's bytes as text, with control characters escaped so that they do not break the line. */
function rendered(bytes: Uint8Array): string {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  return text.replace(/\p{C}/gu, (character) => {
    return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;
  });
}
