// @ts-nocheck: AssemblyScript, see build.ts
/**
 * Where things stand in the module's memory, in bytes.
 *
 * @module
 */

/** SHA-1's 80 words. */
export const scheduleAt: usize = 1024;
/** Where the words of the shingle under way begin: a ring of 64. */
export const wordsAt: usize = 1536;
/** Up to 256 shingles' hashes. */
export const shinglesAt: usize = 2048;
/** The signature: 8 bytes a hash, 14 × 8 of them by default, 1024 at most. */
export const signatureAt: usize = 8192;
/** The parameters a. */
export const multipliersAt: usize = 16384;
/** The parameters b. */
export const offsetsAt: usize = 24576;
/** The buckets' keys: 8 bytes each. */
export const keysAt: usize = 32768;
/** The text, to the end of memory. */
export const textAt: usize = 65536;
