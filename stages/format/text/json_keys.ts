/**
 * What JSON.parse does not tell: that an object names a key twice (the last one would win), and how deep values stand in
 * each other (the deepest cost the stack of whoever walks them).
 *
 * @module
 */

/**
 * Throws SyntaxError where the outermost object of a JSON text names a key twice, or values stand deeper than `deepest`
 * brackets in each other. What is no JSON passes or not: parse it afterwards.
 */
export function checkJsonKeys(text: string, { deepest }: { readonly deepest: number }): void {
  const keys = new Set<string>();
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 0x5B || unit === 0x7B) { // [ {
      if (++depth > deepest) throw new SyntaxError(`values stand more than ${deepest} deep in each other`);
    } else if (unit === 0x5D || unit === 0x7D) depth--; // ] }
    else if (unit === 0x22) {
      const begin = i;
      for (i++; i < text.length && text.charCodeAt(i) !== 0x22; i++) {
        if (text.charCodeAt(i) === 0x5C) i++; // what a backslash escapes
      }
      if (depth !== 1 || !isFollowedByColon(text, i + 1)) continue;
      const key: unknown = JSON.parse(text.slice(begin, i + 1)); // escapes spell the same name in many ways
      if (typeof key !== "string") continue;
      if (keys.has(key)) throw new SyntaxError(`it names ${JSON.stringify(key.slice(0, 100))} twice`);
      keys.add(key);
    }
  }
}

function isFollowedByColon(text: string, at: number): boolean {
  while (" \t\r\n".includes(text.charAt(at)) && at < text.length) at++;
  return text.charAt(at) === ":";
}
