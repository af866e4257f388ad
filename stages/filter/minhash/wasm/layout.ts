// @ts-nocheck: AssemblyScript, see build.ts
/**
 * Addresses in the module's memory, in bytes.
 *
 * @module
 */

/** Message schedule of SHA-1: 80 words. */
export const scheduleAt: usize = 1024;
/** Ring buffer of the addresses at which the last 64 words of the text begin. */
export const wordsAt: usize = 1536;
/** Hashes of up to 256 shingles. */
export const shinglesAt: usize = 2048;
/** Signature: 8 bytes per hash, by default 14 × 8 hashes, at most 1024. */
export const signatureAt: usize = 8192;
/** Parameters `a` of the permutations. */
export const multipliersAt: usize = 16384;
/** Parameters `b` of the permutations. */
export const offsetsAt: usize = 24576;
/** Keys of the buckets: 8 bytes each. */
export const keysAt: usize = 32768;
/** Text, up to the end of memory. */
export const textAt: usize = 65536;
