/**
 * Splits a byte stream into lines, each with its position, so that a reader can resume at any line. Only one
 * line is kept in memory.
 *
 * @module
 */

/** A line without its line ending ("\n" or "\r\n"). */
export interface Line {
  /** Bytes of the line; may be a view of the chunk that it came in. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Byte offset of the next line, from the start of the unpacked file. */
  readonly end: number;
  /** Whether the line ends here. If false, the line is longer than the limit, and its next piece follows. */
  readonly complete: boolean;
}

/** Options of `lines`. */
export interface LineOptions {
  /** Byte offset of the first chunk (default 0). */
  readonly offset?: number;
  /**
   * Maximum length of a piece in bytes (default 64 MiB); a longer line is split into pieces between UTF-8
   * characters.
   */
  readonly limit?: number;
}

/**
 * Splits chunks of bytes into lines. A line break at the very end of the bytes does not start another line.
 */
export async function* lines(
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
  options: LineOptions = {},
): AsyncGenerator<Line> {
  const { offset = 0, limit = 1 << 26 } = options;
  let end = offset;
  let held: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  const take = (complete: boolean): Line => {
    const bytes = joined(held, size);
    held = [];
    size = 0;
    return { bytes: complete && bytes.at(-1) === 13 ? bytes.subarray(0, -1) : bytes, end, complete };
  };
  for await (let chunk of chunks) {
    while (chunk.length > 0) {
      const at = chunk.indexOf(10);
      const room = Math.max(0, limit - size);
      const found = at >= 0 && at <= room;
      let length = found ? at : room;
      // Extends the piece to the end of a UTF-8 character.
      for (let i = 0; i < 3 && !found && (chunk[length] & 0xC0) === 0x80; i++) length++;
      if (!found && chunk.length <= length) {
        held.push(chunk);
        size += chunk.length;
        end += chunk.length;
        break;
      }
      held.push(chunk.subarray(0, length));
      size += length;
      end += length + (found ? 1 : 0);
      chunk = chunk.subarray(length + (found ? 1 : 0));
      yield take(found);
    }
  }
  if (size > 0) yield take(true);
}

function joined(parts: readonly Uint8Array<ArrayBuffer>[], size: number): Uint8Array<ArrayBuffer> {
  if (parts.length === 1) return parts[0];
  const all = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
