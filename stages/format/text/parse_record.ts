/**
 * JSON as programs write it into records: with integers of 64 bits, and with NaN and Infinity, which Python's
 * json module writes although JSON has no such numbers.
 *
 * @module
 */
import { parseJson } from "./parse_json.ts";

/**
 * Works like `parseJson`, but returns integers that a number cannot hold exactly as strings of their digits,
 * and NaN, Infinity and -Infinity as null. Throws SyntaxError.
 */
export function parseRecord(text: string, maxValues?: number): unknown {
  try {
    return parseExact(text, maxValues);
  } catch (error) {
    if (!(error instanceof SyntaxError) || !/NaN|Infinity/.test(text)) throw error;
    return parseExact(withoutNaN(text), maxValues);
  }
}

function parseExact(text: string, maxValues?: number): unknown {
  const value = parseJson(text, maxValues);
  if (!/\d{16}/.test(text) || !holdsLongInteger(text)) return value;
  try {
    return JSON.parse(text, reviveInteger);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause; // the stack is full
    throw new SyntaxError("values are nested too deep for its long integers to be read", { cause });
  }
}

/** Whether a text has an integer of 16 digits or more outside of strings. */
function holdsLongInteger(text: string): boolean {
  for (const { begin, end } of outsideStrings(text)) {
    if (end - begin >= 16 && /\d{16}/.test(text.slice(begin, end))) return true;
  }
  return false;
}

function reviveInteger(_key: string, value: unknown, { source }: { source?: string } = {}): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value) || source === undefined) return value;
  return /^-?\d+$/.test(source) ? source : value;
}

function withoutNaN(text: string): string {
  let out = "", done = 0;
  for (const { begin, end } of outsideStrings(text)) {
    const plain = text.slice(begin, end).replace(/-?\b(?:NaN|Infinity)\b/g, "null");
    out += text.slice(done, begin) + plain;
    done = end;
  }
  return out + text.slice(done);
}

/** Yields the parts of a JSON text between its strings. */
function* outsideStrings(text: string): Generator<{ readonly begin: number; readonly end: number }> {
  for (let begin = 0; begin < text.length;) {
    const quote = text.indexOf('"', begin);
    yield { begin, end: quote < 0 ? text.length : quote };
    if (quote < 0) return;
    let close = quote;
    do close = text.indexOf('"', close + 1); while (close >= 0 && isEscaped(text, close));
    if (close < 0) return;
    begin = close + 1;
  }
}

/** Whether an odd number of backslashes stands before a character. */
function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text.charCodeAt(first - 1) === 0x5C) first--;
  return (at - first) % 2 === 1;
}
