/**
 * Philox4x32-10: random numbers as a function of (seed, name, counter), so there is no generator state to
 * pass around or save. Source: Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2,
 * 3".
 *
 * @module
 */
import { draw, memory, OUT } from "./normals.wasm";

const MULTIPLIER_0 = 0xD2511F53;
const MULTIPLIER_1 = 0xCD9E8D57;
const WEYL_0 = 0x9E3779B9; // golden ratio
const WEYL_1 = 0xBB67AE85; // `sqrt(3) - 1`

/** Computes four random 32-bit words from a 128-bit counter and a 64-bit key, in ten rounds. */
export function philox4x32(
  counter: readonly number[],
  key: readonly number[],
): [number, number, number, number] {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = mulHigh(MULTIPLIER_0, c0), low0 = Math.imul(MULTIPLIER_0, c0);
    const high1 = mulHigh(MULTIPLIER_1, c2), low1 = Math.imul(MULTIPLIER_1, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + WEYL_0) | 0;
    k1 = (k1 + WEYL_1) | 0;
  }
  return [c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0];
}

/** Returns the 32-bit FNV-1a hash of a name's UTF-16 code units; it is the second word of the key. */
export function hashName(name: string): number {
  let hash = 0x811C9DC5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/**
 * Returns four random 32-bit words for (`seed`, `name`, `counter`). `seed` and `counter` are whole numbers
 * below 2^53.
 */
export function philox(seed: number, name: string, counter: number): [number, number, number, number] {
  const seedHigh = Math.floor(seed / 0x100000000) >>> 0;
  const counterHigh = Math.floor(counter / 0x100000000);
  return philox4x32([counter >>> 0, counterHigh >>> 0, seedHigh, 0], [seed >>> 0, hashName(name)]);
}

/**
 * Returns a uniform number in [0, 1) with 32 random bits: the one at index `index` in the stream (`seed`,
 * `name`).
 */
export function uniformAt(seed: number, name: string, index: number): number {
  return philox(seed, name, Math.floor(index / 4))[index % 4] / 0x100000000;
}

/**
 * Returns the first `count` normal numbers of the stream (`seed`, `name`), with mean 0 and standard deviation
 * `std`, by the Box-Muller transform in float32. The bits are the same on every machine; values differ from a
 * float64 transform by less than `1e-6 · std`. WASM takes 4 ns per number; Math.log and Math.cos would take
 * 50 ns.
 */
export function normals(seed: number, name: string, count: number, std = 1): Float32Array<ArrayBuffer> {
  const out = new Float32Array(count), drawn = new Float32Array(memory.buffer, OUT);
  const seedHigh = Math.floor(seed / 0x100000000), key = hashName(name);
  for (let i = 0; i < count; i += drawn.length) {
    const n = Math.min(drawn.length, count - i);
    draw(Math.ceil(n / 4), i / 4, seed >>> 0, seedHigh >>> 0, key, std);
    out.set(n < drawn.length ? drawn.subarray(0, n) : drawn, i);
  }
  return out;
}

/**
 * Returns the numbers 0 … `count - 1` in a random order, by a Fisher-Yates shuffle with the stream (`seed`,
 * `name`).
 */
export function permutation(seed: number, name: string, count: number): Uint32Array<ArrayBuffer> {
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(uniformAt(seed, name, i) * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** Returns the upper 32 bits of the 64-bit product of two 32-bit numbers. */
function mulHigh(a: number, b: number): number {
  const aLow = a & 0xFFFF, aHigh = a >>> 16, bLow = b & 0xFFFF, bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const middle2 = aLow * bHigh + (middle & 0xFFFF);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(middle2 / 0x10000)) | 0;
}
