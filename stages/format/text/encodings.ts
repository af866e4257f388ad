/**
 * Text in other encodings than UTF-8, and the check that bytes are valid in their encoding.
 *
 * @module
 */

/** Name of the encoding that is used if none is given and the file has no byte order mark. */
export const UTF8 = "utf-8";

/**
 * The encoding of a text: that of the byte order mark at its beginning, otherwise `label`, an encoding's name
 * in the WHATWG Encoding Standard (default UTF-8). Throws RangeError for an unknown name.
 */
export function encodingOf(head: Uint8Array, label: string = UTF8): string {
  if (head[0] === 0xEF && head[1] === 0xBB && head[2] === 0xBF) return UTF8;
  if (head[0] === 0xFF && head[1] === 0xFE) return "utf-16le";
  if (head[0] === 0xFE && head[1] === 0xFF) return "utf-16be";
  return checkEncoding(label);
}

/** The standard's name of an encoding. Throws RangeError for an unknown one. */
export function checkEncoding(label: string): string {
  try {
    return new TextDecoder(label).encoding;
  } catch {
    throw new RangeError(
      `Unknown encoding ${
        JSON.stringify(label)
      }: expected utf-8, latin1, windows-1252, windows-1251, utf-16le, ` +
        `shift_jis, gb18030, euc-kr or another name of the WHATWG Encoding Standard`,
    );
  }
}

/** Index of the first byte that is not valid UTF-8; null if all bytes are. */
export function firstBadByte(bytes: Uint8Array): number | null {
  if (isValid(bytes, false)) return null;
  let good = 0, bad = bytes.length + 1; // the first `good` bytes are valid, the first `bad` are not
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (middle <= bytes.length && isValid(bytes.subarray(0, middle), true)) good = middle;
    else bad = middle;
  }
  // The valid bytes may end within a character: it is that character that is wrong.
  let at = Math.min(good, bytes.length - 1);
  while (!isValid(bytes.subarray(0, at), false)) at--;
  return at;
}

function isValid(bytes: Uint8Array, stream: boolean): boolean {
  try {
    new TextDecoder(UTF8, { fatal: true }).decode(bytes, { stream });
    return true;
  } catch {
    return false;
  }
}

/** A byte that is not valid in the encoding of a text. */
export interface BadByte {
  /** Offset of the byte, or of the character that it belongs to. */
  readonly offset: number;
  /** The byte at the offset; undefined if the text ends within a character. */
  readonly byte: number | undefined;
  /** Name of the encoding. */
  readonly encoding: string;
  /** What to type instead; default: about --encoding and --damaged. */
  readonly advice?: string | undefined;
}

/** The error for a byte that is not valid in the encoding of a text. */
export function badByteError(name: string, { offset, byte, encoding, advice = ADVICE }: BadByte): Error {
  const what = byte === undefined ? "the text ends within a character" : hex(byte);
  return new Deno.errors.InvalidData(
    `Cannot read byte ${offset} of ${name}: ${what}, which is not valid ${encoding.toUpperCase()}: ${advice}`,
  );
}

const ADVICE = "give --encoding with the text's encoding, such as windows-1252, " +
  "or --damaged skip to read bad bytes as U+FFFD";

function hex(byte: number): string {
  return `0x${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}

/** How `decoded` reads a text. */
export interface DecodeOptions {
  /** Encoding of the bytes, as `encodingOf` returns it. */
  readonly encoding: string;
  /** Name of the text in error messages. */
  readonly name: string;
  /** See `BadByte`. */
  readonly advice?: string;
  /** Called with the first error; all bad bytes are then read as U+FFFD. Default: the error is thrown. */
  readonly onBad?: ((error: Error) => void) | undefined;
}

/** A text without its byte order mark, in pieces; the bytes begin at its start. */
export async function* decoded(
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
  { encoding, name, advice, onBad }: DecodeOptions,
): AsyncGenerator<string> {
  const output = new TextDecoder(encoding);
  let check: TextDecoder | null = new TextDecoder(encoding, { fatal: true });
  let offset = 0;
  const report = (at: number, byte: number | undefined): void => {
    const error = badByteError(name, { offset: offset + at, byte, encoding, advice });
    if (onBad === undefined) throw error;
    onBad(error);
    check = null;
  };
  for await (const bytes of chunks) {
    let text: string;
    if (check === null || decodes(check, bytes)) text = output.decode(bytes, { stream: true });
    else {
      const found = decodeByByte(output, bytes);
      report(found.badAt, bytes[found.badAt]);
      text = found.text;
    }
    offset += bytes.length;
    if (text !== "") yield text;
  }
  if (check !== null && !decodes(check, null)) report(0, undefined);
  const rest = output.decode();
  if (rest !== "") yield rest;
}

/** The bytes of a text, which begin at its start, as UTF-8 without a byte order mark. */
export async function* inUtf8(
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
  options: DecodeOptions,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const utf8 = new TextEncoder();
  for await (const text of decoded(chunks, options)) yield utf8.encode(text);
}

/**
 * Decodes bytes of which one is bad, one by one, and returns the index at which the first character begins
 * that cannot be decoded.
 */
function decodeByByte(
  decoder: TextDecoder,
  bytes: Uint8Array<ArrayBuffer>,
): { readonly text: string; readonly badAt: number } {
  let text = "", begin = 0, badAt: number | null = null;
  for (let i = 0; i < bytes.length; i++) {
    const piece = decoder.decode(bytes.subarray(i, i + 1), { stream: true });
    text += piece;
    if (piece === "") continue;
    if (badAt === null && piece.includes("\uFFFD")) { // which the text itself may hold
      const strict = new TextDecoder(decoder.encoding, { fatal: true });
      if (!decodes(strict, bytes.subarray(begin, i + 1))) badAt = begin;
    }
    begin = i + 1;
  }
  return { text, badAt: badAt ?? begin };
}

/** Feeds a decoder; null ends the text. Returns false if the bytes are not valid. */
function decodes(decoder: TextDecoder, bytes: Uint8Array | null): boolean {
  try {
    if (bytes === null) decoder.decode();
    else decoder.decode(bytes, { stream: true });
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

/** The bytes after the first `count`. */
export async function* skipFirst(
  count: number,
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let left = count;
  for await (const chunk of chunks) {
    const skipped = Math.min(left, chunk.length);
    left -= skipped;
    if (skipped < chunk.length) yield chunk.subarray(skipped);
  }
}
