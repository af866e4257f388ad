/**
 * ggml's "K" blocks: 256 values with scales by 16 or 32 values, which are themselves quantised.
 *
 * @module
 */
type Place = { readonly out: Float32Array; readonly to: number };

const { fround } = Math;

/** 2 bits: `d·scale·q - dmin·min`. Scales and minima of 4 bits share a byte for each 16 values. */
export function blockQ2K(bytes: DataView, at: number, { out, to }: Place): void {
  const d = bytes.getFloat16(at + 80, true), dmin = bytes.getFloat16(at + 82, true);
  for (let i = 0; i < 256; i++) {
    const scale = bytes.getUint8(at + (i >> 4)), { byte, shift } = pairs(i);
    const q = bytes.getUint8(at + 16 + byte) >> shift & 3;
    out[to + i] = fround(fround(d * (scale & 15)) * q) - fround(dmin * (scale >> 4));
  }
}

/** 3 bits: `d·(scale - 32)·q` with q from -4 to 3; the third bit, inverted, is apart from the other two. */
export function blockQ3K(bytes: DataView, at: number, { out, to }: Place): void {
  const d = bytes.getFloat16(at + 108, true);
  for (let i = 0; i < 256; i++) {
    const group = i >> 4, { byte, shift } = pairs(i);
    // Four bits of each of the 16 scales are in bytes 0 to 7, the other two in bytes 8 to 11.
    const low = bytes.getUint8(at + 96 + (group & 7)) >> (group < 8 ? 0 : 4) & 15;
    const high = bytes.getUint8(at + 104 + (group & 3)) >> 2 * (group >> 2) & 3;
    const isHigh = bytes.getUint8(at + (i & 31)) >> (i >> 5) & 1;
    const q = (bytes.getUint8(at + 32 + byte) >> shift & 3) - (isHigh === 1 ? 0 : 4);
    out[to + i] = fround(d * ((low | high << 4) - 32)) * q;
  }
}

/** 4 bits: `d·scale·q - dmin·min`, with scales and minima of 6 bits for each 32 values. */
export function blockQ4K(bytes: DataView, at: number, { out, to }: Place): void {
  for (let group = 0; group < 8; group++) {
    const { d, min } = scaleAndMin(bytes, at, group), first = at + 16 + 32 * (group >> 1);
    for (let j = 0; j < 32; j++) {
      const q = bytes.getUint8(first + j) >> 4 * (group & 1) & 15;
      out[to + 32 * group + j] = fround(d * q) - min;
    }
  }
}

/** 5 bits: as 4 bits, with the fifth bits in 32 bytes of their own. */
export function blockQ5K(bytes: DataView, at: number, { out, to }: Place): void {
  for (let group = 0; group < 8; group++) {
    const { d, min } = scaleAndMin(bytes, at, group), first = at + 48 + 32 * (group >> 1);
    for (let j = 0; j < 32; j++) {
      const low = bytes.getUint8(first + j) >> 4 * (group & 1) & 15;
      const high = bytes.getUint8(at + 16 + j) >> group & 1;
      out[to + 32 * group + j] = fround(d * (low | high << 4)) - min;
    }
  }
}

/** 6 bits: `d·scale·(q - 32)`, with a signed scale of 8 bits for each 16 values. */
export function blockQ6K(bytes: DataView, at: number, { out, to }: Place): void {
  const d = bytes.getFloat16(at + 208, true);
  for (let i = 0; i < 256; i++) {
    const half = i >> 7, quarter = i >> 5 & 3, j = i & 31; // a half has four quarters of 32 values
    const low = bytes.getUint8(at + 64 * half + 32 * (quarter & 1) + j) >> 4 * (quarter >> 1) & 15;
    const high = bytes.getUint8(at + 128 + 32 * half + j) >> 2 * quarter & 3;
    const scale = bytes.getInt8(at + 192 + (i >> 4));
    out[to + i] = fround(d * scale) * ((low | high << 4) - 32);
  }
}

/** Returns where the two bits of value `i` are, among 64 bytes: each half of 128 values has 32 bytes. */
function pairs(i: number): { readonly byte: number; readonly shift: number } {
  return { byte: 32 * (i >> 7) + (i & 31), shift: 2 * (i >> 5 & 3) };
}

/** Returns the scale and minimum of a group of 32 values; each has 6 bits, spread over 12 bytes. */
function scaleAndMin(
  bytes: DataView,
  at: number,
  group: number,
): { readonly d: number; readonly min: number } {
  const d = bytes.getFloat16(at, true), dmin = bytes.getFloat16(at + 2, true);
  const packed = (i: number) => bytes.getUint8(at + 4 + i);
  const [scale, min] = group < 4 ? [packed(group) & 63, packed(group + 4) & 63] : [
    packed(group + 4) & 15 | packed(group - 4) >> 6 << 4,
    packed(group + 4) >> 4 | packed(group) >> 6 << 4,
  ];
  return { d: fround(d * scale), min: fround(dmin * min) };
}
