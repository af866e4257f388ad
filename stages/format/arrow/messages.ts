/**
 * Divides Arrow's IPC files and streams into messages, and checks the lengths in each before it is decoded.
 * Source: Apache Arrow columnar format, "Serialization and Interprocess Communication"; Message.fbs,
 * Schema.fbs.
 *
 * @module
 */
import { FlatTable } from "./flatbuffer.ts";

/** A message: the schema, the values of a dictionary, or a batch of records. */
export interface ArrowMessage {
  /** What the message holds; null for other kinds, which hold no records. */
  readonly kind: "schema" | "dictionary" | "records" | null;
  /** The message as stored, with its prefix. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Number of records in a batch; 0 in other messages. */
  readonly count: number;
}

const MAX_METADATA = 1 << 26; // bytes; a schema of 10,000 columns takes about a megabyte
const MAX_BODY = 1 << 30; // bytes: a batch is held in memory
const MAX_DEPTH = 64;
const kinds = [null, "schema", "dictionary", "records"] as const;

/**
 * Yields the messages of a file or stream. Throws RangeError for lengths that do not fit, and
 * Deno.errors.UnexpectedEof if the bytes end within a message.
 */
export async function* arrowMessages(
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<ArrowMessage> {
  const input = new Input(chunks);
  let prefix = await input.take(8);
  if (new TextDecoder().decode(prefix.subarray(0, 6)) === "ARROW1") prefix = await input.take(8);
  for (;;) {
    const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.length);
    const isOld = view.getUint32(0, true) !== 0xFFFFFFFF; // before Arrow 0.15 the length alone came first
    const size = view.getInt32(isOld ? 0 : 4, true);
    if (size === 0) return;
    if (size < 8 || size > MAX_METADATA) throw new RangeError(`a message's header has ${size} bytes`);
    const rest = await input.take(isOld ? size - 4 : size);
    const header = isOld ? joined([prefix.subarray(4), rest]) : rest;
    const message = FlatTable.root(header), bodyBytes = message.number(3, 8);
    if (!(bodyBytes >= 0 && bodyBytes <= MAX_BODY)) {
      throw new RangeError(`a message has ${bodyBytes} bytes, expected at most ${MAX_BODY}`);
    }
    const kind = kinds[message.number(1, 1)] ?? null, content = message.table(2);
    const count = content === null ? 0 : checkContent(content, { kind, bodyBytes });
    const body = await input.take(bodyBytes);
    yield { kind, bytes: joined([prefixOf(header.length), header, body]), count };
    const next = await input.next(8);
    if (next === null) return; // a stream may end without a mark
    prefix = next;
  }
}

/** Checks the lengths in a message, and returns its number of records. */
function checkContent(
  content: FlatTable,
  { kind, bodyBytes }: { readonly kind: ArrowMessage["kind"]; readonly bodyBytes: number },
): number {
  if (kind === "schema") { for (const field of content.tables(1)) checkField(field, 0); }
  if (kind === "schema") content.check(2, 4);
  const batch = kind === "records" ? content : kind === "dictionary" ? content.table(1) : null;
  if (batch === null) return 0;
  if (batch.table(3) !== null) {
    throw new RangeError("its buffers are compressed: write it again without compression");
  }
  const most = 8 * bodyBytes + 64; // a value takes a bit at least
  for (const [length, nulls] of [[batch.number(0, 8), 0], ...batch.pairs(1)]) {
    if (!(length >= 0 && length <= most && nulls >= 0 && nulls <= length)) {
      throw new RangeError(
        `a column has ${length} values (${nulls} null) in a message of ${bodyBytes} bytes`,
      );
    }
  }
  for (const [offset, length] of batch.pairs(2)) {
    if (!(offset >= 0 && length >= 0 && offset + length <= bodyBytes)) {
      throw new RangeError(
        `a buffer has bytes ${offset} to ${offset + length} of a message of ${bodyBytes} bytes`,
      );
    }
  }
  return kind === "records" ? batch.number(0, 8) : 0;
}

function checkField(field: FlatTable, depth: number): void {
  if (depth > MAX_DEPTH) throw new RangeError(`its columns are nested more than ${MAX_DEPTH} deep`);
  field.check(0, 1); // name
  field.check(6, 4); // metadata
  for (const child of field.tables(5)) checkField(child, depth + 1);
}

function prefixOf(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8), view = new DataView(bytes.buffer);
  view.setUint32(0, 0xFFFFFFFF, true);
  view.setInt32(4, size, true);
  return bytes;
}

/** Returns messages as one stream. */
export function streamOf(messages: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  return joined([...messages, prefixOf(0)]);
}

function joined(parts: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Takes bytes from chunks; memory is allocated for bytes that have arrived. */
class Input {
  readonly #chunks: AsyncIterator<Uint8Array<ArrayBuffer>>;
  #held: Uint8Array<ArrayBuffer>[] = [];
  #size = 0;

  constructor(chunks: AsyncIterable<Uint8Array<ArrayBuffer>>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** The next `count` bytes; null if there are none. Throws Deno.errors.UnexpectedEof if there are fewer. */
  async next(count: number): Promise<Uint8Array<ArrayBuffer> | null> {
    while (this.#size < count) {
      const { done, value } = await this.#chunks.next();
      if (done && this.#size === 0) return null;
      if (done) {
        throw new Deno.errors.UnexpectedEof(
          `it ends within a message, after ${this.#size} of ${count} bytes`,
        );
      }
      this.#held.push(value);
      this.#size += value.length;
    }
    const all = this.#held.length === 1 ? this.#held[0] : joined(this.#held);
    this.#held = [all.subarray(count)];
    this.#size -= count;
    return all.subarray(0, count);
  }

  async take(count: number): Promise<Uint8Array<ArrayBuffer>> {
    if (count === 0) return new Uint8Array(0);
    const bytes = await this.next(count);
    if (bytes === null) throw new Deno.errors.UnexpectedEof("it ends where a message should follow");
    return bytes;
  }
}
