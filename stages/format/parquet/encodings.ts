/**
 * Checks of Parquet's value encodings. hyparquet trusts the counts and sizes in them, so a flipped bit could
 * make it allocate gigabytes or loop forever. All functions throw RangeError. Source: Apache Parquet format,
 * "Encodings".
 *
 * @module
 */

/**
 * Maximum size of a page in bytes, and maximum size of all its decoded values together. Most pages take about
 * a megabyte; a single large value can need more.
 */
export const MAX_PAGE_BYTES = 1 << 28;

/** The encoded values to check: `count` values, which begin at byte `at` of the page. */
interface EncodedValues {
  readonly at: number;
  readonly count: number;
}

/**
 * Checks the runs of `count` values that are encoded as Parquet's hybrid of RLE and bit-packing. If `level`
 * is given, checks that no value exceeds `max`, and returns the number of values that are equal to `level`;
 * otherwise returns 0.
 */
export function checkRuns(
  bytes: Uint8Array,
  { at, count, width, level, max = Infinity }: EncodedValues & {
    readonly width: number;
    readonly level?: number;
    readonly max?: number;
  },
): number {
  let found = 0;
  const tally = (value: number, times: number): void => {
    if (value > max) throw new RangeError(`a level is ${value}, expected at most ${max}`);
    if (value === level) found += times;
  };
  for (let seen = 0; seen < count;) {
    const { value: head, end } = varint(bytes, at);
    const packed = head % 2 === 1;
    const size = Math.floor(head / 2) * (packed ? 8 : 1);
    const most = count - seen + (packed ? 512 : 0); // writers may pad bit-packed runs
    if (size < 1 || size > most) {
      throw new RangeError(`a run has ${size} values, but only ${count - seen} are left`);
    }
    if (level !== undefined && !packed) tally(bytes[end] ?? 0, size);
    if (level !== undefined && packed) {
      for (let i = 0; i < Math.min(size, count - seen); i++) {
        tally(bits(bytes, { at: end, index: i, width }), 1);
      }
    }
    seen += size;
    at = end + (packed ? size * width / 8 : Math.ceil(width / 8));
  }
  return found;
}

/** The bit-packed value with index `index`; it has at most 8 bits. */
function bits(
  bytes: Uint8Array,
  { at, index, width }: { readonly at: number; readonly index: number; readonly width: number },
): number {
  const first = index * width, byte = at + (first >> 3);
  const two = (bytes[byte] ?? 0) | (bytes[byte + 1] ?? 0) << 8;
  return two >> (first & 7) & (1 << width) - 1;
}

/** Checks delta-encoded numbers; if `values` is true, also decodes them, wrapped to 32 bits. */
export function checkDelta(
  bytes: Uint8Array,
  { at, count, values }: EncodedValues & { readonly values: boolean },
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
    throw new RangeError(`delta blocks have ${blockSize} values in ${miniblocks} miniblocks`);
  }
  const numbers = new Int32Array(values ? count : 0);
  let value = unzigzag(next());
  if (count > 0) numbers[0] = value;
  for (let done = 1; done < count;) {
    const least = unzigzag(next());
    const widths = at;
    at += miniblocks;
    for (let part = 0; part < miniblocks && done < count; part++) {
      const width = bytes[widths + part] ?? NaN;
      if (!(width <= 64) || at + size * width / 8 > bytes.length + 8 * size) {
        throw new RangeError(`deltas have ${width} bits, expected at most 64 and within the page`);
      }
      for (let i = 0; i < size && done < count; i++, done++) {
        if (!values) continue;
        let delta = 0;
        for (let bit = 0; bit < Math.min(width, 32); bit++) {
          const position = i * width + bit;
          delta |= (bytes[at + (position >> 3)] >> (position & 7) & 1) << bit;
        }
        value = value + least + delta | 0;
        numbers[done] = value;
      }
      at += size * width / 8;
    }
  }
  return { numbers, end: at };
}

/**
 * Checks the total length of texts in the encoding DELTA_BYTE_ARRAY, which stores each text without the
 * prefix that it shares with the previous text. In a decompression bomb, each text is longer than the
 * previous one.
 */
export function checkPrefixes(
  bytes: Uint8Array,
  { at, count }: EncodedValues,
): void {
  const { numbers: prefixes, end } = checkDelta(bytes, { at, count, values: true });
  const { numbers: suffixes } = checkDelta(bytes, { at: end, count, values: true });
  let total = 0;
  for (let i = 0; i < count; i++) total += Math.max(0, prefixes[i]) + Math.max(0, suffixes[i]);
  if (total > MAX_PAGE_BYTES) {
    throw new RangeError(
      `texts of ${total} bytes are encoded in a page of ${bytes.length}, expected at most ${MAX_PAGE_BYTES}`,
    );
  }
}

function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

function varint(bytes: Uint8Array, at: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let i = 0; i < 10; i++) {
    if (at + i >= bytes.length) {
      throw new RangeError(`the page of ${bytes.length} bytes ends within a number`);
    }
    value += (bytes[at + i] & 127) * 2 ** (7 * i);
    if (bytes[at + i] < 128) return { value, end: at + i + 1 };
  }
  throw new RangeError("a number is longer than 10 bytes");
}
