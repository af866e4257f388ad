/**
 * Lines of bytes with their places, so that a reader can go on at any of them; memory for one line.
 *
 * @module
 */

/** A line without its end ("\n" or "\r\n"). */
export interface Line {
  /** May be a view of the chunk it came in. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Bytes before the line that follows, from the start of the unpacked file. */
  readonly end: number;
  /** False: the line goes on, it was only too long for one piece. */
  readonly whole: boolean;
}

/** Where reading begins, and how long a piece may be. */
export interface LineOptions {
  /** Bytes before the first chunk (default 0). */
  readonly offset?: number;
  /** Longest piece in bytes; a longer line comes in several, cut between UTF-8 characters (default 64 MiB). */
  readonly limit?: number;
}

/** Cuts chunks of bytes into lines. An empty rest after the last line end is no line. */
export async function* lines(
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
  options: LineOptions = {},
): AsyncGenerator<Line> {
  const { offset = 0, limit = 1 << 26 } = options;
  let end = offset;
  let held: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  const take = (whole: boolean): Line => {
    const bytes = joined(held, size);
    held = [];
    size = 0;
    return { bytes: whole && bytes.at(-1) === 13 ? bytes.subarray(0, -1) : bytes, end, whole };
  };
  for await (let chunk of chunks) {
    while (chunk.length > 0) {
      const at = chunk.indexOf(10);
      const room = Math.max(0, limit - size);
      const found = at >= 0 && at <= room;
      let length = found ? at : room;
      for (let i = 0; i < 3 && !found && (chunk[length] & 0xC0) === 0x80; i++) length++; // to a character's end
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
