/**
 * Finds the charset that a page declares in its head. Source: HTML standard, "prescan a byte stream to
 * determine its encoding", over the whole head instead of its first 1,024 bytes.
 *
 * @module
 */

/** Greatest length of a head that is looked through, in bytes. */
const MAX_HEAD = 1 << 18;

const attribute = /[\s/]*([^\s/=>]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]*)))?/y;

/**
 * Returns the charset that a `meta` element or an XML declaration names, or null. Comments, scripts and the
 * values of other attributes do not count.
 */
export function declaredCharset(bytes: Uint8Array<ArrayBuffer>): string | null {
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, MAX_HEAD));
  const lower = head.toLowerCase();
  const xml = /^\s*<\?xml\s[^>]*?encoding\s*=\s*["']([\w.:-]+)["']/.exec(head)?.[1] ?? null;
  for (let at = head.indexOf("<"); at >= 0; at = head.indexOf("<", at)) {
    if (head.startsWith("<!--", at)) {
      const end = head.indexOf("-->", at + 2);
      if (end < 0) return xml;
      at = end + 3;
      continue;
    }
    const tag = /^<\/?([a-z][^\s/>]*)/i.exec(head.slice(at, at + 64));
    if (tag === null) {
      at++;
      continue;
    }
    const name = tag[1].toLowerCase();
    const { attributes, end } = attributesAt(head, at + tag[0].length);
    at = end;
    if (name === "body" || tag[0].toLowerCase() === "</head") return xml;
    if (name === "meta") {
      const charset = charsetOf(attributes);
      if (charset !== null) return charset;
    } else if (tag[0][1] !== "/" && (name === "script" || name === "style" || name === "title")) {
      const close = lower.indexOf(`</${name}`, at);
      if (close < 0) return xml;
      at = close;
    }
  }
  return xml;
}

function attributesAt(head: string, from: number): { attributes: Map<string, string>; end: number } {
  const attributes = new Map<string, string>();
  let at = from;
  for (;;) {
    while (/[\s/]/.test(head[at] ?? "")) at++;
    if (at >= head.length || head[at] === ">") return { attributes, end: at };
    attribute.lastIndex = at;
    const found = attribute.exec(head);
    if (found === null) return { attributes, end: at + 1 };
    const name = found[1].toLowerCase();
    if (!attributes.has(name)) attributes.set(name, found[2] ?? found[3] ?? found[4] ?? "");
    at = attribute.lastIndex;
  }
}

function charsetOf(attributes: ReadonlyMap<string, string>): string | null {
  const direct = attributes.get("charset")?.trim();
  if (direct) return direct;
  if (attributes.get("http-equiv")?.toLowerCase() !== "content-type") return null;
  return charsetInType(attributes.get("content") ?? "");
}

/** Returns the charset in a media type: `text/html; charset="utf-8"` → utf-8, or null. */
export function charsetInType(type: string): string | null {
  const found = /charset\s*=\s*(?:"\s*([^"]*?)\s*"|'\s*([^']*?)\s*'|([^\s;,"']+))/i.exec(type);
  return (found?.[1] ?? found?.[2] ?? found?.[3] ?? "") || null;
}
