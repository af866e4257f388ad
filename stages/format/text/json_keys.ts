/**
 * Two checks of JSON text that JSON.parse does not make: that the outermost object has no duplicate key
 * (JSON.parse keeps the last value), and that values are not nested so deeply that recursive code would
 * overflow the stack.
 *
 * @module
 */

/**
 * Throws SyntaxError if the outermost object of a JSON text has a duplicate key, or if brackets are nested
 * more than `maxDepth` deep. Invalid JSON may pass, so parse the text afterwards.
 */
export function checkJsonKeys(text: string, { maxDepth }: { readonly maxDepth: number }): void {
  const keys = new Set<string>();
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 0x5B || unit === 0x7B) { // [ {
      if (++depth > maxDepth) throw new SyntaxError(`values are nested more than ${maxDepth} deep`);
    } else if (unit === 0x5D || unit === 0x7D) depth--; // ] }
    else if (unit === 0x22) {
      const begin = i;
      for (i++; i < text.length && text.charCodeAt(i) !== 0x22; i++) {
        if (text.charCodeAt(i) === 0x5C) i++; // the escaped character
      }
      if (depth !== 1 || !isFollowedByColon(text, i + 1)) continue;
      const key: unknown = JSON.parse(text.slice(begin, i + 1)); // resolves escapes
      if (typeof key !== "string") continue;
      if (keys.has(key)) throw new SyntaxError(`it has key ${JSON.stringify(key.slice(0, 100))} twice`);
      keys.add(key);
    }
  }
}

function isFollowedByColon(text: string, at: number): boolean {
  while (" \t\r\n".includes(text.charAt(at)) && at < text.length) at++;
  return text.charAt(at) === ":";
}
