/**
 * WARC records from unpacked bytes, with the place of each. Source: ISO 28500, WARC 1.0 and 1.1.
 *
 * @module
 */

/** One record. */
export interface WarcRecord {
  /** Counted from 1. */
  readonly number: number;
  /** Bytes before it, from the start of the unpacked file. */
  readonly offset: number;
  /** `WARC-Type`: response, conversion, request, warcinfo, … */
  readonly type: string;
  /** Named fields, names in lower case. */
  readonly fields: ReadonlyMap<string, string>;
  /** Null where it was not wanted, or longer than the limit. */
  readonly block: Uint8Array<ArrayBuffer> | null;
  /** Where the record after it begins. */
  readonly next: WarcPosition;
}

/** Where reading stands: what a cursor keeps. */
export interface WarcPosition {
  /** Bytes before the next record, from the start of the unpacked file. */
  readonly offset: number;
  /** Records before it. */
  readonly record: number;
}

/** What to read, and what errors call the file. */
export interface WarcOptions {
  /** Whether to end before the record that begins at byte `offset` (default: at the end of the bytes). */
  readonly ends?: (offset: number) => boolean;
  /** What errors call the file. */
  readonly name: string;
  /** Where the bytes begin (default the start). */
  readonly from?: WarcPosition;
  /** Types whose blocks are wanted (default all); other blocks are passed over. */
  readonly types?: readonly string[];
  /** Longest block that is held, in bytes (default 64 MiB). */
  readonly limit?: number;
}

/**
 * Reads records from bytes that begin at `from`. Throws SyntaxError where a record does not begin as one,
 * Deno.errors.UnexpectedEof where the file ends within one; each names file, record and byte.
 */
export async function* readWarc(
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
  options: WarcOptions,
): AsyncGenerator<WarcRecord> {
  const { name, from = { offset: 0, record: 0 }, types, limit = 1 << 26, ends } = options;
  const input = new Pull(chunks, from.offset);
  for (let number = from.record + 1;; number++) {
    let offset = input.offset;
    let line = await input.line();
    while (line === "") { // two line ends close a record; some writers leave more, or none
      offset = input.offset;
      line = await input.line();
    }
    if (line === null || ends?.(offset)) return;
    const at = `record ${number} of ${name} (byte ${offset})`;
    if (!/^WARC\/\d+\.\d+$/.test(line)) {
      const begins = JSON.stringify(line.slice(0, 40));
      const mend = number === 1
        ? "is this a WARC file"
        : "the record before it is damaged: fetch the file again";
      throw new SyntaxError(`Cannot read ${at}: it begins ${begins}, wanted "WARC/1.0": ${mend}`);
    }
    const fields = await readFields(input, at);
    if (fields === null) throw endsEarly(at, "its fields");
    const told = fields.get("content-length");
    const length = told !== undefined && /^\d{1,15}$/.test(told) ? Number(told) : NaN;
    if (Number.isNaN(length)) {
      throw new SyntaxError(
        `Cannot read ${at}: its Content-Length is ${told?.slice(0, 40)}: wanted a number of bytes`,
      );
    }
    const type = fields.get("warc-type") ?? "";
    const keep = length <= limit && (types === undefined || types.includes(type));
    const { block, missing } = await input.take(length, keep);
    if (missing > 0) throw endsEarly(at, `its block, ${missing} of ${length} bytes short`);
    const after = await input.peek(2);
    if (!/^($|\r|\n|\0|WA)/.test(after)) { // else the block is that of a record whose length is damaged
      throw new SyntaxError(
        `Cannot read ${at}: its block of ${length} bytes is followed by ${
          JSON.stringify(after)
        }, wanted a line end: ` +
          `its Content-Length is wrong, or the file is damaged here`,
      );
    }
    yield { number, offset, type, fields, block, next: { offset: input.offset, record: number } };
  }
}

/**
 * After damage: the unpacked bytes before the next record, by its first line, which begins after a line end
 * or zeros, as downloads with holes have them; null if there is none. What begins right at `offset`, but for
 * line ends, is the damaged record itself.
 */
export async function findRecord(
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
  offset: number,
): Promise<number | null> {
  const decoder = new TextDecoder("latin1");
  let text = "\n"; // as if a line had ended before it
  let begin = offset - 1; // of the text
  let blank = true;
  for await (const chunk of chunks) {
    text += decoder.decode(chunk);
    for (const { index } of text.matchAll(/[\n\0]WARC\/\d\.\d\r?\n/g)) {
      const itself = blank && /^[\r\n]*$/.test(text.slice(0, index));
      if (!itself) return begin + index + 1;
      blank = false;
    }
    blank &&= /^[\r\n]*$/.test(text);
    const rest = text.slice(-longestFirstLine);
    begin += text.length - rest.length;
    text = rest;
  }
  return null;
}

const longestFirstLine = 12; // "\nWARC/1.0\r\n"

async function readFields(input: Pull, at: string): Promise<Map<string, string> | null> {
  const fields = new Map<string, string>();
  let last = "";
  for (const begin = input.offset;;) {
    const line = await input.line();
    if (input.offset - begin > longestFields) {
      throw new SyntaxError(
        `Cannot read ${at}: its fields do not end within ${longestFields} bytes: is it damaged`,
      );
    }
    if (line === null) return null;
    if (line === "") return fields;
    const colon = line.indexOf(":");
    if (/^[ \t]/.test(line)) { // a folded field goes on
      fields.set(last, `${fields.get(last) ?? ""} ${line.trim()}`);
    } else if (colon > 0) {
      last = line.slice(0, colon).trim().toLowerCase();
      fields.set(last, line.slice(colon + 1).trim());
    }
  }
}

function endsEarly(at: string, what: string): Error {
  return new Deno.errors.UnexpectedEof(`Cannot read ${at}: the file ends within ${what}: fetch it again`);
}

const longestLine = 1 << 16;
const longestFields = 1 << 20;

/** Bytes asked for by line or by count. */
class Pull {
  readonly #chunks: AsyncIterator<Uint8Array<ArrayBuffer>>;
  #chunk: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  constructor(chunks: AsyncIterable<Uint8Array<ArrayBuffer>>, public offset: number) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /**
   * Up to the next line end, which is passed over; null at the end of the file. A line has an end, or 64 KiB.
   */
  async line(): Promise<string | null> {
    const bytes: number[] = [];
    for (;;) {
      if (this.#chunk.length === 0 && !await this.#more()) return bytes.length === 0 ? null : text(bytes);
      const at = this.#chunk.indexOf(10);
      const size = Math.min(at < 0 ? this.#chunk.length : at, longestLine - bytes.length);
      for (let i = 0; i < size; i++) bytes.push(this.#chunk[i]);
      const ended = size === at;
      this.#drop(size + (ended ? 1 : 0));
      if (ended || bytes.length === longestLine) return text(bytes);
    }
  }

  /** The next bytes as characters, fewer at the end; they stay. */
  async peek(count: number): Promise<string> {
    while (this.#chunk.length < count) {
      const { done, value } = await this.#chunks.next();
      if (done) break;
      const both = new Uint8Array(this.#chunk.length + value.length);
      both.set(this.#chunk);
      both.set(value, this.#chunk.length);
      this.#chunk = both;
    }
    return new TextDecoder("latin1").decode(this.#chunk.subarray(0, count));
  }

  async take(
    count: number,
    keep: boolean,
  ): Promise<{ block: Uint8Array<ArrayBuffer> | null; missing: number }> {
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let missing = count;
    while (missing > 0) {
      if (this.#chunk.length === 0 && !await this.#more()) break;
      const part = this.#chunk.subarray(0, missing);
      if (keep) parts.push(part);
      missing -= part.length;
      this.#drop(part.length);
    }
    return { block: keep ? new Uint8Array(await new Blob(parts).arrayBuffer()) : null, missing };
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#chunks.next();
    if (!done) this.#chunk = value;
    return !done;
  }

  #drop(count: number): void {
    this.#chunk = this.#chunk.subarray(count);
    this.offset += count;
  }
}

function text(bytes: readonly number[]): string {
  return new TextDecoder().decode(new Uint8Array(bytes)).replace(/\r$/, "");
}
