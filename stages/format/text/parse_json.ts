/**
 * JSON of bounded cost: the value of a text can take 30 times its memory, if it is all brackets and commas.
 *
 * @module
 */

const SMALL = 1 << 20; // characters: such a text cannot cost much

/** As JSON.parse. Throws SyntaxError also for more than `most` values (default 2^20). */
export function parseJson(text: string, most: number = 1 << 20): unknown {
  if (text.length > SMALL && values(text, most) > most) {
    throw new SyntaxError(`it has more than ${most} values`);
  }
  return JSON.parse(text);
}

/** Upper bound of the values in a text; counting ends beyond `most`. */
function values(text: string, most: number): number {
  let count = 1;
  let quoted = false;
  for (let i = 0; i < text.length && count <= most; i++) {
    const unit = text.charCodeAt(i);
    if (quoted) {
      if (unit === 0x5C) i++; // what a backslash escapes
      else if (unit === 0x22) quoted = false;
    } else if (unit === 0x22) quoted = true;
    else if (unit === 0x2C || unit === 0x5B || unit === 0x7B) count++; // , [ {
  }
  return count;
}
