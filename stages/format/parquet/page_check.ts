/**
 * Checks the counts, sizes and runs in Parquet's pages before hyparquet decodes the pages. hyparquet trusts
 * these numbers, so a flipped bit could make it allocate gigabytes or loop forever. Source: Apache Parquet
 * format, "Encodings".
 *
 * @module
 */
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import type { Compressors, SchemaElement } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { checkDelta, checkPrefixes, checkRuns, MAX_PAGE_BYTES } from "./encodings.ts";
import { readThrift, type ThriftStruct } from "./thrift.ts";

const MAX_PAGE_VALUES = 1 << 24; // each value takes at least 8 bytes of memory

/** Properties of a column chunk that its pages must match. */
export interface ColumnInfo {
  /** The schema element of the column's leaf. */
  readonly element: SchemaElement;
  /** Number of rows in the row group. */
  readonly rows: number;
  /** Number of values in all data pages together; for a flat column, the number of rows. */
  readonly values: number;
  /** Greatest repetition level: number of lists around a value; 0 for a flat column. */
  readonly maxRepetition: number;
  /**
   * Greatest definition level: number of optional or repeated elements that hold a value, itself included.
   */
  readonly maxDefinition: number;
  /** Whether the pages are uncompressed. */
  readonly plain: boolean;
}

interface Page extends ColumnInfo {
  readonly kind: "dictionary" | "v1" | "v2";
  readonly count: number;
  readonly nulls: number;
  readonly encoding: number;
  /** Bytes of the page as stored in the file. A v2 page's levels are not included. */
  readonly packed: Uint8Array;
}

/** Checks pages in two steps: the headers of all pages, then each page's values once it is decompressed. */
export class PageCheck {
  readonly #pages = new Map<string, Page[]>();

  /**
   * Checks the headers of a column chunk's pages, and the values of uncompressed pages. Throws RangeError if
   * one is invalid.
   */
  add(chunk: Uint8Array, column: ColumnInfo): void {
    let values = 0;
    for (let at = 0; at < chunk.length - 1 && values < column.values;) {
      const { value: header, end } = readThrift(chunk, at);
      const size = whole(header, 2, MAX_PAGE_BYTES), packedSize = whole(header, 3, chunk.length - end);
      at = end + packedSize;
      const body = chunk.subarray(end, at);
      const page = pageOf(header, body, column);
      if (page === null) continue; // an index page
      if (page.kind !== "dictionary") values += page.count;
      if (values > column.values) {
        throw new RangeError(`pages have ${values} values, but their column ${column.values}`);
      }
      const levels = body.length - page.packed.length;
      if (levels > 0) {
        const repetition = whole(struct(header, 8), 6, levels);
        const before = body.subarray(0, repetition), after = body.subarray(repetition, levels);
        if (repetition > 0) checkLevels(before, { at: 0, count: page.count, max: page.maxRepetition });
        if (after.length > 0) checkLevels(after, { at: 0, count: page.count, max: page.maxDefinition });
      }
      const stored = column.plain || page.kind === "v2" && struct(header, 8).get(7) === false;
      if (stored) checkPage(page.packed, page);
      else {
        const key = `${page.packed.length} ${size - levels}`;
        const ofSameSize = this.#pages.get(key);
        if (ofSameSize === undefined) this.#pages.set(key, [page]);
        else ofSameSize.push(page);
      }
    }
  }

  /**
   * Decompressors that check each page after decompressing it; a page is recognized by its compressed bytes.
   */
  readonly compressors: Compressors = Object.fromEntries(
    Object.entries({ ...compressors, ...native }).map(([codec, unpack]) => [
      codec,
      (packed: Uint8Array, size: number): Uint8Array => {
        const pages =
          this.#pages.get(`${packed.length} ${size}`)?.filter((page) => same(page.packed, packed)) ?? [];
        if (pages.length === 0) {
          throw new RangeError(`a page of ${packed.length} bytes has no header`);
        }
        const bytes = unpack(packed, size);
        for (const page of pages) checkPage(bytes, page);
        return bytes;
      },
    ]),
  );
}

/** node:zlib's decompressors, which are fast and never allocate more than a page's size. */
const native: Compressors = {
  GZIP: (packed, size) => new Uint8Array(gunzipSync(packed, { maxOutputLength: Math.max(1, size) })),
  BROTLI: (packed, size) =>
    new Uint8Array(brotliDecompressSync(packed, { maxOutputLength: Math.max(1, size) })),
  ZSTD: (packed, size) => new Uint8Array(zstdDecompressSync(packed, { maxOutputLength: Math.max(1, size) })),
};

function pageOf(header: ThriftStruct, body: Uint8Array, column: ColumnInfo): Page | null {
  const known = (kind: Page["kind"], field: number, encoding: number): Page => ({
    ...column,
    kind,
    count: whole(struct(header, field), 1, MAX_PAGE_VALUES),
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
      if (levels > body.length) {
        throw new RangeError(`levels have ${levels} bytes, but their page ${body.length}`);
      }
      if (whole(fields, 3, MAX_PAGE_VALUES) !== page.count && column.maxRepetition === 0) {
        throw new RangeError("rows of a column without lists have several values");
      }
      return { ...page, nulls: whole(fields, 2, page.count), packed: body.subarray(levels) };
    }
    default:
      return null;
  }
}

/** Checks the values of a decompressed page. */
function checkPage(bytes: Uint8Array, page: Page): void {
  const { kind, count, nulls, encoding, element } = page;
  let at = 0;
  let values = count - nulls;
  if (kind === "v1") {
    for (const max of [page.maxRepetition, page.maxDefinition]) {
      if (max === 0) continue;
      if (bytes.length < at + 4) throw new RangeError("the page ends within its levels");
      const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
      values = checkLevels(bytes, { at: at + 4, count, max });
      at += 4 + size;
    }
    if (page.maxDefinition === 0) values = count;
  }
  const width = element.type_length ?? 0;
  if (element.type === "FIXED_LEN_BYTE_ARRAY" && !(width > 0 && width * values <= MAX_PAGE_BYTES)) {
    throw new RangeError(`${values} values of ${width} bytes do not fit into a page`);
  }
  switch (encoding) {
    case 2: // PLAIN_DICTIONARY
    case 8: // RLE_DICTIONARY
      if (kind !== "dictionary" && values > 0) {
        const width = bytes[at] ?? NaN;
        if (!(width <= 32)) {
          throw new RangeError(`dictionary indices have ${width} bits, expected at most 32`);
        }
        if (width > 0 || kind === "v2") checkRuns(bytes, { at: at + 1, count: values, width });
      }
      break;
    case 3: // RLE booleans, after their size in 4 bytes
      checkRuns(bytes, { at: at + 4, count: values, width: 1 });
      break;
    case 5: // DELTA_BINARY_PACKED
    case 6: // DELTA_LENGTH_BYTE_ARRAY
      checkDelta(bytes, { at, count: values, values: false });
      break;
    case 7: // DELTA_BYTE_ARRAY
      checkPrefixes(bytes, { at, count: values });
  }
}

/** Checks levels from 0 to `max`, and returns how many of them are `max`. */
function checkLevels(
  bytes: Uint8Array,
  { at, count, max }: { readonly at: number; readonly count: number; readonly max: number },
): number {
  return checkRuns(bytes, { at, count, width: 32 - Math.clz32(max), level: max, max });
}

function struct(of: ThriftStruct, field: number): ThriftStruct {
  const found = of.get(field);
  if (found instanceof Map) return found;
  throw new RangeError(`a page header has no field ${field}`);
}

function whole(of: ThriftStruct, field: number, max: number): number {
  const found = of.get(field);
  if (typeof found === "number" && Number.isInteger(found) && found >= 0 && found <= max) return found;
  throw new RangeError(
    `field ${field} of a page header is ${found}, expected a whole number from 0 to ${max}`,
  );
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
