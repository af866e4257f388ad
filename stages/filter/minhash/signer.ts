/**
 * MinHash signatures of texts. Source: Broder 1997; parameters and hashing as in datatrove's MinHash (sha1,
 * 64 bits), so signatures of the same words are the same bits.
 *
 * @module
 */
import { NumpyRandom } from "../../../kernels/random/numpy_random.ts";
import { resolveRuleOptions, type RuleOptions } from "../recipe.ts";
import type { Splitter } from "../words/words.ts";
import { simplify } from "./simplify.ts";

/** Hashes are below it: 2^61 - 1, a prime. */
export const mersenne = (1n << 61n) - 1n;

// As in wasm/layout.ts: the module's memory, in bytes.
const SHINGLES = 2048;
const SIGNATURE = 8192;
const MULTIPLIERS = 16384;
const OFFSETS = 24576;
const KEYS = 32768;
const TEXT = 65536;

/** What a signature is made of; another value makes signatures that cannot be compared. */
export interface SignatureOptions extends RuleOptions {
  /** Words a shingle (default 5), 1 to 63. */
  readonly shingle?: number;
  /** Buckets: two documents that agree in one are duplicates (default 14). */
  readonly buckets?: number;
  /** Hashes a bucket (default 8); 1024 in all buckets at most. */
  readonly rows?: number;
  /** Of the permutations (default 1). */
  readonly seed?: number;
}

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly sign: (length: number, size: number, hashes: number) => number;
  readonly permute: (count: number, hashes: number) => void;
  readonly hash: (length: number) => void;
  readonly keys: (buckets: number, rows: number) => void;
}

/** Makes signatures; one at a time, in one thread. */
export class Signer {
  /** Words a shingle. */
  readonly shingle: number;
  /** Buckets a signature. */
  readonly buckets: number;
  /** Hashes a bucket. */
  readonly rows: number;
  /** Bytes of a signature: 8 × buckets × rows. */
  readonly bytes: number;
  readonly #wasm: Exports;
  readonly #recipe: "current" | "release";
  readonly #words: Splitter;
  readonly #encoder = new TextEncoder();

  private constructor(wasm: Exports, options: SignatureOptions) {
    const { shingle = 5, buckets = 14, rows = 8, seed = 1 } = options;
    const { recipe, words } = resolveRuleOptions(options);
    inRange("words a shingle", shingle, 63);
    inRange("buckets", buckets, 1024);
    inRange("hashes a bucket", rows, Math.floor(1024 / buckets));
    [this.shingle, this.buckets, this.rows, this.bytes] = [shingle, buckets, rows, 8 * buckets * rows];
    [this.#wasm, this.#recipe, this.#words] = [wasm, recipe, words];
    const { multipliers, offsets } = permutations(seed, buckets * rows);
    new BigUint64Array(wasm.memory.buffer, MULTIPLIERS).set(multipliers);
    new BigUint64Array(wasm.memory.buffer, OFFSETS).set(offsets);
  }

  /** Loads the module. Throws RangeError for options out of range. Needs permission to read the project. */
  static async open(options: SignatureOptions = {}): Promise<Signer> {
    const instance = await WebAssembly.instantiate(await load());
    return new Signer(exportsOf(instance), options);
  }

  /** The words that are compared. */
  wordsOf(text: string): readonly string[] {
    return this.#words(simplify(text, this.#recipe));
  }

  /**
   * A text's signature: buckets × rows hashes of 8 bytes, little-endian. Null where the text has fewer words
   * than a shingle: it is like no other.
   */
  sign(text: string): Uint8Array<ArrayBuffer> | null {
    const words = this.wordsOf(text);
    return words.length < this.shingle ? null : this.signWords(words);
  }

  /** The signature of words, of at least `shingle` of them. Throws RangeError where one holds a space. */
  signWords(words: readonly string[]): Uint8Array<ArrayBuffer> {
    const { memory, sign } = this.#wasm;
    const text = words.join(" ");
    const room = TEXT + 3 * text.length; // a UTF-16 unit is at most three bytes of UTF-8
    if (room > memory.buffer.byteLength) memory.grow(Math.ceil((room - memory.buffer.byteLength) / 65536));
    const { written } = this.#encoder.encodeInto(text, new Uint8Array(memory.buffer, TEXT));
    const count = sign(written, this.shingle, this.buckets * this.rows);
    if (count !== words.length) {
      throw new RangeError(
        `Cannot make shingles of ${words.length} words with spaces in them: split words at white space`,
      );
    }
    return new Uint8Array(memory.buffer, SIGNATURE, this.bytes).slice();
  }

  /**
   * For each bucket of a signature a whole number from 1 to 2^53 - 1, the same where the bucket is the same;
   * buckets that differ have the same once in 2^53.
   */
  keys(signature: Uint8Array): Float64Array<ArrayBuffer> {
    const { memory, keys } = this.#wasm;
    new Uint8Array(memory.buffer, SIGNATURE).set(signature);
    keys(this.buckets, this.rows);
    return new Float64Array(memory.buffer, KEYS, this.buckets).slice();
  }

  /** SHA-1's first eight bytes of a text in UTF-8, read little-endian: a shingle's hash. */
  hash(text: string): bigint {
    const { memory, hash } = this.#wasm;
    const { written } = this.#encoder.encodeInto(text, new Uint8Array(memory.buffer, TEXT));
    hash(written);
    return new BigUint64Array(memory.buffer, SHINGLES, 1)[0];
  }
}

/**
 * The permutations x → (x a + b mod 2^64) mod (2^61 - 1): a, then b, drawn from numpy's RandomState(seed).
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
  return loaded ??= Deno.readFile(new URL("./minhash.wasm", import.meta.url)).then((bytes) =>
    WebAssembly.compile(bytes)
  );
}

function exportsOf(instance: WebAssembly.Instance): Exports {
  return instance.exports as unknown as Exports; // what wasm/index.ts exports: the tests call each of them
}

function inRange(what: string, value: number, most: number): void {
  if (!Number.isInteger(value) || value < 1 || value > most) {
    throw new RangeError(
      `Cannot make signatures with ${value} ${what}: give a whole number from 1 to ${most}`,
    );
  }
}
