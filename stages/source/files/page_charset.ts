/**
 * Decodes the bytes of a web page. The charset is taken from the first of these that declares one: the byte
 * order mark, the HTTP header, the page's `meta` element. If none does, it is UTF-8 if the bytes are valid
 * UTF-8, otherwise windows-1252. Source: HTML standard, "determining the character encoding".
 *
 * @module
 */

const declared = /<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w-]+)/i;

/**
 * Decodes a page; `transport` is the charset of its Content-Type header, or null. Invalid bytes become
 * U+FFFD.
 */
export function decodePage(bytes: Uint8Array<ArrayBuffer>, transport: string | null): string {
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, 1024));
  const marked = head.startsWith("\xef\xbb\xbf")
    ? "utf-8"
    : /^(\xff\xfe|\xfe\xff)/.test(head)
    ? "utf-16"
    : null;
  const named = declared.exec(head)?.[1] ?? null;
  // The declaration was readable as ASCII, so the page cannot be UTF-16: the standard then prescribes UTF-8.
  const meta = named !== null && /^utf-16/i.test(named) ? "utf-8" : named;
  for (const label of [marked, transport, meta]) {
    const decoder = label === null
      ? null
      : decoderOf(label === "utf-16" && head[0] === "\xfe" ? "utf-16be" : label);
    if (decoder !== null) return decoder.decode(bytes);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

function decoderOf(label: string): TextDecoder | null {
  try {
    return new TextDecoder(label);
  } catch {
    return null; // no such charset
  }
}
