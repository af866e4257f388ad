/**
 * Decodes the bytes of a web page. Bytes that are UTF-8 are read so, whatever the page or its server say;
 * otherwise what they say counts, if the bytes agree; otherwise a detector judges the bytes.
 *
 * @module
 */
import { analyse } from "chardet";
import { declaredCharset } from "./prescan.ts";

/** Labels of servers and editors that name a default and not what the page has. */
const vague = new Set(["windows-1252", "us-ascii"]);

/** Names of the detector that the decoder does not know, and what it reads instead. */
const alias: Readonly<Record<string, string>> = {
  "ISO-8859-1": "windows-1252",
  "ISO-8859-9": "windows-1254",
};

/** Greatest number of bytes that are judged by the detector. */
const MAX_SAMPLE = 1 << 16;

/** Fewer bytes beyond ASCII than this tell nothing. */
const MIN_HIGH = 8;

/**
 * Decodes a page; `transport` is the charset of its Content-Type header, or null. The charset is the first of
 * these:
 *
 * 1. a byte order mark;
 * 2. UTF-16, if every second byte of the first kilobyte is zero;
 * 3. UTF-8, if the bytes are valid, except for at most one bad byte per five other characters beyond ASCII,
 *    or a last character that is cut;
 * 4. what the header and then the page's head declare, if the bytes are valid in it. A declared windows-1252,
 *    the default of servers, gives way to another declaration;
 * 5. what a detector finds in the text;
 * 6. windows-1252.
 *
 * Bytes that are not valid become U+FFFD.
 */
export function decodePage(bytes: Uint8Array<ArrayBuffer>, transport: string | null): string {
  const marked = byteOrderMark(bytes) ?? zeroBytes(bytes);
  if (marked !== null) return new TextDecoder(marked).decode(bytes);
  const utf8 = decodedUtf8(bytes);
  if (utf8 !== null) return utf8;
  const declared = [transport, declaredCharset(bytes)].map(nameOf).filter((name) => name !== null);
  const firm = declared.filter((name) => !vague.has(name));
  for (const name of [...firm, ...declared]) {
    if (name === "utf-8" || name.startsWith("utf-16")) continue; // the bytes are neither
    const text = decodedFully(bytes, name);
    if (text !== null) return text;
  }
  for (const name of detected(bytes)) {
    const text = decodedFully(bytes, name);
    if (text !== null) return text;
  }
  const last = firm.find((name) => name !== "utf-8" && !name.startsWith("utf-16"));
  return new TextDecoder(last ?? "windows-1252").decode(bytes);
}

function byteOrderMark([a, b, c]: Uint8Array): string | null {
  if (a === 0xef && b === 0xbb && c === 0xbf) return "utf-8";
  if (a === 0xff && b === 0xfe) return "utf-16le";
  return a === 0xfe && b === 0xff ? "utf-16be" : null;
}

/** Recognizes UTF-16 without a mark: markup has a zero in every second byte. */
function zeroBytes(bytes: Uint8Array): string | null {
  const head = bytes.subarray(0, 1024);
  const zeros = [0, 0];
  head.forEach((byte, i) => zeros[i & 1] += Number(byte === 0));
  if (head.length < 4) return null;
  if (zeros[1] > 0.4 * head.length && zeros[0] < 0.1 * head.length) return "utf-16le";
  return zeros[0] > 0.4 * head.length && zeros[1] < 0.1 * head.length ? "utf-16be" : null;
}

/** Returns the text if the bytes are UTF-8, some bad ones allowed, otherwise null. */
function decodedUtf8(bytes: Uint8Array<ArrayBuffer>): string | null {
  const whole = decodedFully(bytes, "utf-8");
  if (whole !== null) return whole;
  const text = new TextDecoder("utf-8").decode(bytes);
  let bad = 0, good = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0xfffd) bad++;
    else if (code > 0x7f) good++;
  }
  // A character that is cut at the end; a lead byte alone could as well be a letter of another charset.
  const isCut = bad === 1 && text.endsWith("\ufffd") && (bytes.at(-2) ?? 0) >= 0xc2;
  return bad * 5 <= good || isCut ? text : null;
}

function decodedFully(bytes: Uint8Array<ArrayBuffer>, name: string): string | null {
  try {
    return new TextDecoder(name, { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Returns the standard's name of a label; null for one that is unknown, or that says nothing. */
function nameOf(label: string | null): string | null {
  if (label === null || /^x-user-defined$/i.test(label.trim())) return null; // the standard: windows-1252
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return null;
  }
}

/**
 * Returns what the detector takes the text for, the likeliest first. Markup says nothing, so it is left out.
 */
function detected(bytes: Uint8Array<ArrayBuffer>): string[] {
  const sample = bytes.subarray(0, 8 * MAX_SAMPLE);
  const text = new Uint8Array(MAX_SAMPLE);
  let size = 0, high = 0;
  for (let i = 0; i < sample.length && size < text.length; i++) {
    if (sample[i] >= 0x80) high++;
    if (sample[i] >= 0x80 || sample[i - 1] >= 0x80 || sample[i + 1] >= 0x80) text[size++] = sample[i];
  }
  if (high < MIN_HIGH) return [];
  return analyse(text.subarray(0, size)).filter(({ confidence }) => confidence >= 10)
    .map(({ name }) => alias[name] ?? name).filter((name) => !/^(UTF|ISO-2022|ASCII)/i.test(name));
}
