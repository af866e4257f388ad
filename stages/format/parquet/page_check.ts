/**
 * Parquet's pages before hyparquet decodes them: whether counts, sizes and runs fit. It takes them at their
 * word, so a flipped bit would make it allocate gigabytes or loop for ever. Source: Apache Parquet format,
 * "Encodings".
 *
 * @module
 */
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import type { Compressors, SchemaElement } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { readThrift, type ThriftStruct } from "./thrift.ts";

const LARGEST_PAGE = 1 << 28; // unpacked bytes: a page is a megabyte in most files, but holds one value at least
const MOST_VALUES = 1 << 24; // of a page; each takes 8 bytes of memory at least

/** What the pages of a column's chunk must fit. */
export interface ColumnInfo {
  /** The column's entry in the schema; flat. */
  readonly element: SchemaElement;
  /** Rows of the row group: values of all data pages together. */
  readonly rows: number;
  /** Pages are not packed. */
  readonly plain: boolean;
}

interface Page extends ColumnInfo {
  readonly kind: "dictionary" | "v1" | "v2";
  readonly count: number;
  readonly nulls: number;
  readonly encoding: number;
  /** As in the file, without v2's levels. */
  readonly packed: Uint8Array;
}

/** Checks pages: first all headers, then each page as it is unpacked. */
export class PageCheck {
  readonly #pages = new Map<string, Page[]>();

  /**
   * Checks the headers of a chunk's pages, and what is not packed. Throws RangeError for what does not fit.
   */
  add(chunk: Uint8Array, facts: ColumnInfo): void {
    let values = 0;
    for (let at = 0; at < chunk.length - 1 && values < facts.rows;) {
      const { value: header, end } = readThrift(chunk, at);
      const size = whole(header, 2, LARGEST_PAGE), packedSize = whole(header, 3, chunk.length - end);
      at = end + packedSize;
      const body = chunk.subarray(end, at);
      const page = pageOf(header, body, facts);
      if (page === null) continue; // an index
      if (page.kind !== "dictionary") values += page.count;
      if (values > facts.rows) throw new RangeError(`pages hold ${values} values of ${facts.rows} rows`);
      const levels = body.length - page.packed.length;
      if (levels > 0) checkRuns(body.subarray(0, levels), { at: 0, count: page.count, width: 1 });
      const stored = facts.plain || page.kind === "v2" && struct(header, 8).get(7) === false;
      if (stored) checkPage(page.packed, page);
      else {
        const key = `${page.packed.length} ${size - levels}`;
        const same = this.#pages.get(key);
        if (same === undefined) this.#pages.set(key, [page]);
        else same.push(page);
      }
    }
  }

  /** Unpackers that check what they unpack: pages are known again by their packed bytes. */
  readonly compressors: Compressors = Object.fromEntries(
    Object.entries({ ...compressors, ...native }).map(([codec, unpack]) => [
      codec,
      (packed: Uint8Array, size: number): Uint8Array => {
        const pages =
          this.#pages.get(`${packed.length} ${size}`)?.filter((page) => same(page.packed, packed)) ?? [];
        if (pages.length === 0) {
          throw new RangeError(`a page of ${packed.length} bytes is not where headers say`);
        }
        const bytes = unpack(packed, size);
        for (const page of pages) checkPage(bytes, page);
        return bytes;
      },
    ]),
  );
}

/** node:zlib is fast and does not allocate more than it is told. */
const native: Compressors = {
  GZIP: (packed, size) => new Uint8Array(gunzipSync(packed, { maxOutputLength: Math.max(1, size) })),
  BROTLI: (packed, size) =>
    new Uint8Array(brotliDecompressSync(packed, { maxOutputLength: Math.max(1, size) })),
  ZSTD: (packed, size) => new Uint8Array(zstdDecompressSync(packed, { maxOutputLength: Math.max(1, size) })),
};

function pageOf(header: ThriftStruct, body: Uint8Array, facts: ColumnInfo): Page | null {
  const known = (kind: Page["kind"], field: number, encoding: number): Page => ({
    ...facts,
    kind,
    count: whole(struct(header, field), 1, MOST_VALUES),
    nulls: 0,
    encoding: whole(struct(header, field), encoding, 255),
    packed: body,
  });
  switch (header.get(1)) {
    case 0:
      return known("v1", 5, 2);
    case 2:
      return known("dictionary", 7, 2);
    case 3: {
      const fields = struct(header, 8);
      const page = known("v2", 8, 4);
      const levels = whole(fields, 5, body.length) + whole(fields, 6, body.length);
      if (levels > body.length) throw new RangeError(`levels of ${levels} bytes in a page of ${body.length}`);
      if (whole(fields, 3, MOST_VALUES) !== page.count) {
        throw new RangeError("a flat column has rows of several values");
      }
      return { ...page, nulls: whole(fields, 2, page.count), packed: body.subarray(levels) };
    }
    default:
      return null;
  }
}

/** Values of an unpacked page. */
function checkPage(bytes: Uint8Array, { kind, count, nulls, encoding, element }: Page): void {
  let at = 0;
  let values = count - nulls;
  if (kind === "v1" && element.repetition_type === "OPTIONAL") {
    if (bytes.length < 4) throw new RangeError("a page ends within its levels");
    const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    values = checkRuns(bytes, { at: 4, count, width: 1 });
    at = 4 + size;
  }
  const width = element.type_length ?? 0;
  if (element.type === "FIXED_LEN_BYTE_ARRAY" && !(width > 0 && width * values <= LARGEST_PAGE)) {
    throw new RangeError(`${values} values of ${width} bytes`);
  }
  switch (encoding) {
    case 2: // by dictionary, in two spellings
    case 8:
      if (kind !== "dictionary" && values > 0) {
        const width = bytes[at] ?? NaN;
        if (!(width <= 32)) throw new RangeError(`indices of ${width} bits`);
        if (width > 0 || kind === "v2") checkRuns(bytes, { at: at + 1, count: values, width });
      }
      break;
    case 3: // truth values: hyparquet takes the run's size in v1, none in v2
      checkRuns(bytes, { at: kind === "v1" ? at + 4 : at, count: values, width: 1 });
      break;
    case 5:
      checkDelta(bytes, { at, count: values, values: false });
      break;
    case 6:
      checkDelta(bytes, { at, count: values, values: false });
      break;
    case 7:
      checkPrefixes(bytes, { at, count: values });
  }
}

/** Runs of the RLE and bit-packing hybrid: those for `count` values. Gives how many of 1 bit are set. */
function checkRuns(
  bytes: Uint8Array,
  { at, count, width }: { readonly at: number; readonly count: number; readonly width: number },
): number {
  let set = 0;
  for (let seen = 0; seen < count;) {
    const { value: head, end } = varint(bytes, at);
    const size = Math.floor(head / 2) * (head % 2 === 1 ? 8 : 1);
    const most = count - seen + (head % 2 === 1 ? 512 : 0); // packed runs are filled up
    if (size < 1 || size > most) {
      throw new RangeError(`a run of ${size} values where ${count - seen} are left`);
    }
    const length = head % 2 === 1 ? size * width / 8 : Math.ceil(width / 8);
    if (width === 1) {
      if (head % 2 === 0) set += bytes[end] === 1 ? size : 0;
      else for (let i = 0; i < Math.min(size, count - seen); i++) set += bytes[end + (i >> 3)] >> (i & 7) & 1;
    }
    seen += size;
    at = end + length;
  }
  return set;
}

/** A block of delta-packed numbers; with `values` it gives them, wrapped to 32 bits. */
function checkDelta(
  bytes: Uint8Array,
  { at, count, values }: { readonly at: number; readonly count: number; readonly values: boolean },
): { readonly numbers: Int32Array; readonly end: number } {
  const next = (): number => {
    const { value, end } = varint(bytes, at);
    at = end;
    return value;
  };
  const blockSize = next(), miniblocks = next();
  next();
  const size = blockSize / miniblocks;
  if (!(miniblocks >= 1 && miniblocks <= 4096 && Number.isInteger(size) && size % 8 === 0 && size > 0)) {
    throw new RangeError(`delta blocks of ${blockSize} values in ${miniblocks} parts`);
  }
  const numbers = new Int32Array(values ? count : 0);
  let last = unzigzag(next());
  if (count > 0) numbers[0] = last;
  for (let done = 1; done < count;) {
    const least = unzigzag(next());
    const widths = at;
    at += miniblocks;
    for (let part = 0; part < miniblocks && done < count; part++) {
      const width = bytes[widths + part] ?? NaN;
      if (!(width <= 64) || at + size * width / 8 > bytes.length + 8 * size) {
        throw new RangeError(`deltas of ${width} bits`);
      }
      for (let i = 0; i < size && done < count; i++, done++) {
        if (!values) continue;
        let rest = 0;
        for (let bit = 0; bit < Math.min(width, 32); bit++) {
          const place = i * width + bit;
          rest |= (bytes[at + (place >> 3)] >> (place & 7) & 1) << bit;
        }
        last = last + least + rest | 0;
        numbers[done] = last;
      }
      at += size * width / 8;
    }
  }
  return { numbers, end: at };
}

/** Texts that share the beginning of the one before: a bomb's grow with each. */
function checkPrefixes(
  bytes: Uint8Array,
  { at, count }: { readonly at: number; readonly count: number },
): void {
  const { numbers: prefixes, end } = checkDelta(bytes, { at, count, values: true });
  const { numbers: rests } = checkDelta(bytes, { at: end, count, values: true });
  let total = 0;
  for (let i = 0; i < count; i++) total += Math.max(0, prefixes[i]) + Math.max(0, rests[i]);
  if (total > LARGEST_PAGE) throw new RangeError(`texts of ${total} bytes in a page of ${bytes.length}`);
}

function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

function varint(bytes: Uint8Array, at: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let i = 0; i < 10; i++) {
    if (at + i >= bytes.length) throw new RangeError(`a page of ${bytes.length} bytes ends within a number`);
    value += (bytes[at + i] & 127) * 2 ** (7 * i);
    if (bytes[at + i] < 128) return { value, end: at + i + 1 };
  }
  throw new RangeError("a number is longer than 10 bytes");
}

function struct(of: ThriftStruct, field: number): ThriftStruct {
  const found = of.get(field);
  if (found instanceof Map) return found;
  throw new RangeError(`a page header lacks field ${field}`);
}

function whole(of: ThriftStruct, field: number, most: number): number {
  const found = of.get(field);
  if (typeof found === "number" && Number.isInteger(found) && found >= 0 && found <= most) return found;
  throw new RangeError(`a page header's field ${field} is ${found}, wanted 0 to ${most}`);
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
