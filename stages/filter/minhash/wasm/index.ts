// @ts-nocheck: AssemblyScript, see build.ts
/**
 * MinHash signatures of texts: the SHA-1 hash of each shingle is permuted in many ways, and the signature
 * consists of the minimum of each permutation.
 *
 * @module
 */
import { keysAt, multipliersAt, offsetsAt, shinglesAt, signatureAt, textAt, wordsAt } from "./layout.ts";
import { sha1 } from "./sha1.ts";

const MERSENNE: u64 = (1 << 61) - 1;
const BATCH: u32 = 256; // shingles permuted together, so that `a`, `b` and the minimum stay in registers
const SPACE: u8 = 32;

/**
 * Computes the signature of the `length` bytes of text, which are words separated by single spaces, and
 * returns the number of words. A shingle has `size` words, at most 63. If the text has fewer than `size`
 * words, the signature is meaningless.
 */
export function sign(length: u32, size: u32, hashes: u32): u32 {
  for (let j: u32 = 0; j < hashes; j++) store<u64>(signatureAt + 8 * j, u64.MAX_VALUE);
  const end = textAt + length;
  let held: u32 = 0, words: u32 = 0;
  let start = textAt;
  for (let at = textAt; at <= end; at++) {
    if (at < end && load<u8>(at) != SPACE) continue;
    store<u32>(wordsAt + 4 * (words & 63), <u32> start);
    words++;
    start = at + 1;
    if (words < size) continue;
    const from = load<u32>(wordsAt + 4 * ((words - size) & 63));
    store<u64>(shinglesAt + 8 * held, sha1(from, <u32> at - from));
    if (++held == BATCH) {
      permute(held, hashes);
      held = 0;
    }
  }
  permute(held, hashes);
  return words;
}

/**
 * Updates the signature with the hashes of `count` shingles. Element `j` is the minimum over all hashes `x`
 * of `((a·x + b) mod 2^64) mod (2^61 - 1)`, with the parameters `a` and `b` of permutation `j`. Scalar 64-bit
 * integers are 1.5 times as fast as SIMD here, because x64 has no 64-bit SIMD multiplication.
 */
export function permute(count: u32, hashes: u32): void {
  const end = shinglesAt + 8 * count;
  for (let j: usize = 0; j < 8 * <usize> hashes; j += 8) {
    const a = load<u64>(multipliersAt + j), b = load<u64>(offsetsAt + j);
    let least = load<u64>(signatureAt + j);
    for (let at = shinglesAt; at < end; at += 8) {
      const sum = load<u64>(at) * a + b;
      let value = (sum & MERSENNE) + (sum >> 61); // 2^61 is 1 modulo 2^61 - 1
      value = value >= MERSENNE ? value - MERSENNE : value;
      least = value < least ? value : least;
    }
    store<u64>(signatureAt + j, least);
  }
}

/** Stores the first eight bytes of the SHA-1 of the `length` bytes of text as the first shingle's hash. */
export function hash(length: u32): void {
  store<u64>(shinglesAt, sha1(textAt, length));
}

/**
 * Computes a key of 53 bits, not 0, for each bucket of the signature, and stores it as a float64. Signatures
 * that agree in a bucket have the same key for it. All other pairs of keys are equal with probability 2^-53.
 */
export function keys(buckets: u32, rows: u32): void {
  for (let bucket: u32 = 0; bucket < buckets; bucket++) {
    store<f64>(keysAt + 8 * bucket, <f64> max<u64>(hashOf(bucket, rows) >> 11, 1));
  }
}

/** Stores a hash of 64 bits of each bucket of the signature, as an integer. */
export function shorten(buckets: u32, rows: u32): void {
  for (let bucket: u32 = 0; bucket < buckets; bucket++) store<u64>(keysAt + 8 * bucket, hashOf(bucket, rows));
}

/** Returns a hash of all hashes of a bucket and of its index. */
function hashOf(bucket: u32, rows: u32): u64 {
  const from = signatureAt + 8 * bucket * rows;
  let key: u64 = 0x9E3779B97F4A7C15 * <u64> (bucket + 1);
  for (let i: u32 = 0; i < rows; i++) key = mix(key ^ load<u64>(from + 8 * i));
  return key;
}

/**
 * Returns a bijection in which every bit of `x` affects all 64 bits. Source: splitmix64 (Steele, Lea and
 * Flood 2014).
 */
function mix(x: u64): u64 {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}
