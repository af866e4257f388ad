/**
 * Computes MinHash signatures of texts. Source: Broder 1997; parameters and hash functions as in datatrove's
 * MinHash (SHA-1, 64 bits), so that the same words give the same signature, bit for bit.
 *
 * @module
 */
import { NumpyRandom } from "../../../kernels/random/numpy_random.ts";
import { resolveRuleOptions, type RuleOptions, withDefaults } from "../recipe.ts";
import type { Splitter } from "../words/words.ts";
import minhash from "./minhash.wasm.base64" with { type: "text" };
import { simplify } from "./simplify.ts";

/** The prime 2^61 - 1, which is greater than all hashes. */
export const mersenne = (1n << 61n) - 1n;

// Addresses in the WASM module's memory, in bytes, as in wasm/layout.ts.
const SHINGLES = 2048;
const SIGNATURE = 8192;
const MULTIPLIERS = 16384;
const OFFSETS = 24576;
const KEYS = 32768;
const TEXT = 65536;

/** Parameters of signatures. Signatures with different parameters cannot be compared. */
export interface SignatureOptions extends RuleOptions {
  /** Number of words per shingle, from 1 to 63 (default 5). */
  readonly shingle?: number;
  /** Number of buckets (default 14). Two documents that agree in one bucket are near-duplicates. */
  readonly buckets?: number;
  /** Number of hashes per bucket (default 8); at most 1024 in all buckets together. */
  readonly rows?: number;
  /** Seed of the permutations (default 1). */
  readonly seed?: number;
}

/** Defaults of signatures, which are FineWeb's parameters. */
export const signatureDefaults: Required<Omit<SignatureOptions, keyof RuleOptions>> = {
  shingle: 5,
  buckets: 14,
  rows: 8,
  seed: 1,
};

/** Exports of the WASM module. */
interface MinhashExports {
  readonly memory: WebAssembly.Memory;
  readonly sign: (length: number, size: number, hashes: number) => number;
  readonly permute: (count: number, hashes: number) => void;
  readonly hash: (length: number) => void;
  readonly keys: (buckets: number, rows: number) => void;
  readonly shorten: (buckets: number, rows: number) => void;
}

/** Computes signatures one after another, in the thread that calls it. */
export class Signer {
  /** Number of words per shingle. */
  readonly shingle: number;
  /** Number of buckets per signature. */
  readonly buckets: number;
  /** Number of hashes per bucket. */
  readonly rows: number;
  /** Length of a signature in bytes: 8 × buckets × rows. */
  readonly bytes: number;
  readonly #wasm: MinhashExports;
  readonly #recipe: "current" | "release";
  readonly #words: Splitter;
  readonly #encoder = new TextEncoder();

  private constructor(wasm: MinhashExports, options: SignatureOptions) {
    const { shingle, buckets, rows, seed } = withDefaults(options, signatureDefaults);
    const { recipe, words } = resolveRuleOptions(options);
    checkRange("words per shingle", shingle, 63);
    checkRange("buckets", buckets, 1024);
    checkRange("hashes per bucket", rows, Math.floor(1024 / buckets));
    [this.shingle, this.buckets, this.rows, this.bytes] = [shingle, buckets, rows, 8 * buckets * rows];
    [this.#wasm, this.#recipe, this.#words] = [wasm, recipe, words];
    const { multipliers, offsets } = permutations(seed, buckets * rows);
    new BigUint64Array(wasm.memory.buffer, MULTIPLIERS).set(multipliers);
    new BigUint64Array(wasm.memory.buffer, OFFSETS).set(offsets);
  }

  /**
   * Loads the WASM module. Throws RangeError for options out of range. Needs read permission for the project.
   */
  static async open(options: SignatureOptions = {}): Promise<Signer> {
    const instance = await WebAssembly.instantiate(await load());
    return new Signer(exportsOf(instance), options);
  }

  /** Returns the words of a text that are compared. */
  wordsOf(text: string): readonly string[] {
    return this.#words(simplify(text, this.#recipe));
  }

  /**
   * Returns the signature of a text: buckets × rows hashes of 8 bytes, little-endian. Returns null if the
   * text has fewer words than a shingle; such a text is never a duplicate.
   */
  sign(text: string): Uint8Array<ArrayBuffer> | null {
    const words = this.wordsOf(text);
    return words.length < this.shingle ? null : this.signWords(words);
  }

  /**
   * Returns the signature of a list of at least `shingle` words. Throws RangeError if a word contains a
   * space.
   */
  signWords(words: readonly string[]): Uint8Array<ArrayBuffer> {
    const { memory, sign } = this.#wasm;
    const text = words.join(" ");
    const end = TEXT + 3 * text.length; // a UTF-16 unit takes at most three bytes in UTF-8
    if (end > memory.buffer.byteLength) memory.grow(Math.ceil((end - memory.buffer.byteLength) / 65536));
    const { written } = this.#encoder.encodeInto(text, new Uint8Array(memory.buffer, TEXT));
    const count = sign(written, this.shingle, this.buckets * this.rows);
    if (count !== words.length) {
      throw new RangeError(
        `Cannot make shingles: some of the ${words.length} words contain a space: split the text at white space`,
      );
    }
    return new Uint8Array(memory.buffer, SIGNATURE, this.bytes).slice();
  }

  /**
   * Returns a key for each bucket of a signature: an integer from 1 to 2^53 - 1. Signatures that agree in a
   * bucket have the same key for it. All other pairs of keys are equal with probability 2^-53.
   */
  keys(signature: Uint8Array): Float64Array<ArrayBuffer> {
    const { memory, keys } = this.#wasm;
    new Uint8Array(memory.buffer, SIGNATURE).set(signature);
    keys(this.buckets, this.rows);
    return new Float64Array(memory.buffer, KEYS, this.buckets).slice();
  }

  /** Returns a hash of 8 bytes, little-endian, of each bucket of a signature: the hash of a short record. */
  shorten(signature: Uint8Array): Uint8Array<ArrayBuffer> {
    const { memory, shorten } = this.#wasm;
    new Uint8Array(memory.buffer, SIGNATURE).set(signature);
    shorten(this.buckets, this.rows);
    return new Uint8Array(memory.buffer, KEYS, 8 * this.buckets).slice();
  }

  /**
   * Returns the hash of a shingle: the first eight bytes of the SHA-1 of its UTF-8 text, as a little-endian
   * integer.
   */
  hash(text: string): bigint {
    const { memory, hash } = this.#wasm;
    const { written } = this.#encoder.encodeInto(text, new Uint8Array(memory.buffer, TEXT));
    hash(written);
    return new BigUint64Array(memory.buffer, SHINGLES, 1)[0];
  }
}

/**
 * Returns the parameters of the permutations `x` → `((x·a + b) mod 2^64) mod (2^61 - 1)`: first all `a`, then
 * all `b`, drawn from numpy's `RandomState(seed)`.
 */
export function permutations(
  seed: number,
  count: number,
): { readonly multipliers: BigUint64Array<ArrayBuffer>; readonly offsets: BigUint64Array<ArrayBuffer> } {
  const state = new NumpyRandom(seed);
  return {
    multipliers: state.integers(count, { low: 1n, high: mersenne }),
    offsets: state.integers(count, { low: 0n, high: mersenne }),
  };
}

let loaded: Promise<WebAssembly.Module> | undefined;

function load(): Promise<WebAssembly.Module> {
  return loaded ??= WebAssembly.compile(Uint8Array.fromBase64(minhash));
}

function exportsOf(instance: WebAssembly.Instance): MinhashExports {
  // TypeScript cannot check the exports of wasm/index.ts, but the tests call each of them.
  return instance.exports as unknown as MinhashExports;
}

function checkRange(what: string, value: number, most: number): void {
  if (!Number.isInteger(value) || value < 1 || value > most) {
    throw new RangeError(
      `Cannot make signatures with ${value} ${what}: pass an integer from 1 to ${most}`,
    );
  }
}
