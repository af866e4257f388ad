/**
 * String functions that behave like Python's for lengths in code points, white space and line ends, because
 * the published filters are defined by Python code. Source: Python reference, str.split, str.splitlines,
 * str.strip, str.isspace.
 *
 * @module
 */

// White space as str.isspace() defines it. JavaScript's \s differs: it lacks U+001C to U+001F and U+0085, and
// contains U+FEFF.
const space = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const spaces = new RegExp(`[${space}]+`);
const notSpaces = new RegExp(`[^${space}]+`, "g");
const spaceOnly = new RegExp(`^[${space}]*$`);
const spaceOne = new RegExp(`^[${space}]$`);
const separators = "\\x1c-\\x1e"; // file, group and record separator
const lineEnd = new RegExp(`\\r\\n|[\\n\\v\\f\\r${separators}\\x85\\u2028\\u2029]`);

/** Returns the length in code points, as Python's len() returns it. */
export function codePointCount(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0xD800 && unit < 0xDC00) { // a surrogate pair is one code point
      const next = text.charCodeAt(i + 1);
      if (next >= 0xDC00 && next < 0xE000) {
        count--;
        i++;
      }
    }
  }
  return count;
}

/** Returns the words of a text, split at white space as str.split() does. */
export function splitSpace(text: string): string[] {
  return text.match(notSpaces) ?? [];
}

/**
 * Returns the lines of a text as str.splitlines() returns them: also split at \v, \f, U+001C to U+001E,
 * U+0085, U+2028 and U+2029, and without an empty last line.
 */
export function splitLines(text: string): string[] {
  if (text === "") return [];
  const lines = text.split(lineEnd);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** Returns the text without white space at its ends, as str.strip() returns it. */
export function strip(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

/** Returns whether a text is empty or only white space. */
export function isBlank(text: string): boolean {
  return spaceOnly.test(text);
}

/** Returns the number of occurrences of `part` that do not overlap, as str.count() counts them. */
export function occurrences(text: string, part: string): number {
  let count = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) count++;
  return count;
}

/** Source of a regular expression for a run of white space. */
export const spacePattern: string = spaces.source;

/** Source of a regular expression for a run of characters that are not white space. */
export const wordPattern: string = notSpaces.source;

function isSpace(unit: number): boolean {
  if (unit < 0x80) return unit === 32 || (unit >= 9 && unit <= 13) || (unit >= 0x1c && unit <= 0x1f);
  return spaceOne.test(String.fromCharCode(unit));
}
