/**
 * JSON.parse with a limit on memory: the value of a text that is all brackets and commas takes 30 times the
 * text's memory.
 *
 * @module
 */

const SMALL = 1 << 20; // characters; the value of such a text takes at most some 30 MB

/**
 * As JSON.parse, but throws SyntaxError also where the text has more than `maxValues` values (default 2^20).
 */
export function parseJson(text: string, maxValues: number = 1 << 20): unknown {
  if (text.length > SMALL && countValues(text, maxValues) > maxValues) {
    throw new SyntaxError(`it has more than ${maxValues} values`);
  }
  return JSON.parse(text);
}

/** An upper bound of the number of values in a text; counting stops beyond `limit`. */
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
