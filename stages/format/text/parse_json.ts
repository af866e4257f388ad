/**
 * JSON.parse with a limit on the number of values. Without the limit, a text that consists of brackets and
 * commas would become a value that takes 30 times as much memory as the text.
 *
 * @module
 */

const SMALL = 1 << 20; // characters; the value of a text up to this length takes at most about 30 MB

/**
 * Works like JSON.parse, but also throws SyntaxError if the text has more than `maxValues` values (default
 * 2^20).
 */
export function parseJson(text: string, maxValues: number = 1 << 20): unknown {
  if (text.length > SMALL && countValues(text, maxValues) > maxValues) {
    throw new SyntaxError(`it has more than ${maxValues} values`);
  }
  return JSON.parse(text);
}

/** Returns an upper bound on the number of values in a text; counting stops when it exceeds `limit`. */
function countValues(text: string, limit: number): number {
  let count = 1;
  let quoted = false;
  for (let i = 0; i < text.length && count <= limit; i++) {
    const unit = text.charCodeAt(i);
    if (quoted) {
      if (unit === 0x5C) i++; // the escaped character
      else if (unit === 0x22) quoted = false;
    } else if (unit === 0x22) quoted = true;
    else if (unit === 0x2C || unit === 0x5B || unit === 0x7B) count++; // , [ {
  }
  return count;
}
