/**
 * Byte-pair encoding: a text is split into chunks, and the UTF-8 bytes of each chunk are merged by rank. The
 * ids equal those of tiktoken and minbpe.
 *
 * Source: Sennrich et al. 2016; openai/tiktoken; karpathy/minbpe.
 *
 * @module
 */
import { ByteIndex } from "./byte_index.ts";
import { ChunkIndex } from "./chunk_index.ts";
import { compareBytes } from "./compare_bytes.ts";
import { merge, PairTable } from "./merge.ts";
import type { SpecialOptions } from "./special.ts";
import { type ChunkEnd, chunkEnd, chunks, type Pattern, patternName } from "./split/patterns.ts";
import { completionsOf, type UnstableEncoding } from "./unstable.ts";
import { Vocabulary } from "./vocabulary.ts";

/** The data that defines a byte-pair tokenizer. */
export interface BpeSpec {
  /** Pattern that splits text into chunks; no token spans two chunks. */
  readonly pattern: Pattern;
  /** Bytes of the ordinary tokens, indexed by id; undefined for unused ids. Every single byte is a token. */
  readonly tokens: readonly (Uint8Array | undefined)[];
  /**
   * Merges in the order of training. If absent, as in tiktoken, two neighbouring tokens are merged whenever
   * their joined bytes form a token, whose id is the rank of the merge, and a chunk that is a token is
   * encoded as this token, also if merges would not make it.
   */
  readonly merges?: readonly Merge[];
  /**
   * Ids of the special tokens, keyed by text. No id may also be in `tokens`. If several texts have the same
   * id, it is decoded as the first of them.
   */
  readonly special?: ReadonlyMap<string, number>;
}

/** A merge: two neighbouring ids, and the id that replaces them. */
export type Merge = readonly [left: number, right: number, id: number];

const utf8 = new TextEncoder();
const longestCached = 64; // UTF-16 units; longer chunks are not cached, because they seldom repeat
const mostCached = 1 << 17; // chunks; a cache of this size is emptied, so it takes at most about 20 MB

/** A byte-pair tokenizer. */
export class BpeTokenizer extends Vocabulary {
  /** Pattern that splits text into chunks. */
  readonly pattern: Pattern;
  /**
   * True if no merges were given. As in tiktoken, two neighbouring tokens are then merged whenever their
   * joined bytes form a token.
   */
  readonly byRank: boolean;
  readonly #byteIds: Uint32Array;
  readonly #pairs: PairTable;
  readonly #whole: ByteIndex | null; // tokens that a chunk may be, without regard to merges
  readonly #chunkEnd: ChunkEnd;
  readonly #cache = new ChunkIndex(); // chunks encoded so far
  readonly #cachedIds: Uint32Array[] = []; // token ids of these chunks
  #merges: readonly Merge[] | null;
  #scratch = new Uint8Array(256);

  /**
   * Throws TypeError if a byte has no token, two tokens have the same id, or the two tokens of a merge do not
   * join to the merged token's bytes.
   */
  constructor(spec: BpeSpec) {
    super(spec.tokens, spec.special ?? new Map());
    this.pattern = patternName(spec.pattern);
    this.#chunkEnd = chunkEnd(this.pattern);
    this.#byteIds = byteIds(spec.tokens);
    this.byRank = spec.merges === undefined;
    this.#merges = spec.merges ?? null;
    const index = spec.merges ? null : new ByteIndex(spec.tokens);
    this.#whole = index;
    this.#pairs = index === null ? givenPairs(spec.tokens, spec.merges ?? []) : allPairs(spec.tokens, index);
  }

  /** Merges in order of rank; recovered from the tokens' bytes if no merges were given. */
  get merges(): readonly Merge[] {
    return this.#merges ??= this.#recoverMerges();
  }

  /** Token ids of the 256 single bytes. */
  get byteIds(): Uint32Array {
    return this.#byteIds;
  }

  /** See `Tokenizer.encodeOrdinary`. */
  encodeOrdinary(text: string): Uint32Array {
    const whole = text.toWellFormed();
    const cache = this.#cache, end = this.#chunkEnd;
    let out = new Uint32Array(Math.max(16, whole.length >> 1)), count = 0;
    for (let start = 0; start < whole.length;) {
      const stop = end(whole, start);
      if (count + 3 * (stop - start) > out.length) { // a UTF-16 unit takes at most three bytes in UTF-8
        const larger = new Uint32Array(Math.max(out.length * 2, count + 3 * (stop - start)));
        larger.set(out);
        out = larger;
      }
      const chunk = stop - start > longestCached ? -1 : cache.find(whole, start, stop);
      const ids = chunk < 0 ? this.#encodeChunk(whole, start, stop) : this.#cachedIds[chunk];
      for (let i = 0; i < ids.length; i++) out[count++] = ids[i];
      start = stop;
    }
    return out.slice(0, count);
  }

  /**
   * Encodes a text that more text may follow, as tiktoken's `encode_with_unstable` does: returns the tokens
   * that stay the same, and all ways in which tokens may go on from there. Throws the errors of
   * `Tokenizer.encode`, and RangeError if the text ends with a chunk of many hundred bytes.
   *
   * @example
   * ```ts
   * import { gpt2Tokenizer } from "./files/openai_vocabularies.ts";
   *
   * const { stable, completions } = (await gpt2Tokenizer()).encodeWithUnstable("hello fanta");
   * console.log([...stable, completions.length]); // [ 31373, 1432 ]
   * ```
   */
  encodeWithUnstable(text: string, options: SpecialOptions = {}): UnstableEncoding {
    const parts: Uint32Array[] = [];
    let last = 0; // number of tokens of the last chunk; 0 after a special token
    for (const segment of this.segmentsOf(text.toWellFormed(), options)) {
      if (typeof segment === "number") {
        parts.push(Uint32Array.of(segment));
        last = 0;
        continue;
      }
      for (const chunk of chunks(segment, this.pattern)) {
        const ids = this.#encodeChunk(chunk, 0, chunk.length);
        parts.push(ids);
        last = ids.length;
      }
    }
    const ids = parts.flatMap((part) => [...part]);
    if (last > 0 && this.#isSpace(ids[ids.length - last])) {
      // A chunk of white space may become one with the white space before it.
      while (last < ids.length && this.#isSpace(ids[ids.length - last - 1])) last++;
    }
    const stable = Uint32Array.from(ids.slice(0, ids.length - last));
    if (last === 0) return { stable, completions: [] };
    const completions = completionsOf(this.decodeBytes(ids.slice(ids.length - last)), {
      sorted: this.#sorted ??= sortedIds(this.tokens),
      bytesOf: (id) => this.tokens[id] ?? new Uint8Array(0),
      encodeText: (whole) => this.encodeOrdinary(whole),
      encodeBytes: (bytes) => this.#encodeBytes(bytes),
    });
    return { stable, completions };
  }

  #sorted: Uint32Array | null = null; // made at the first use of encodeWithUnstable()

  /** Returns whether a token consists of blanks, line feeds and tabs. */
  #isSpace(id: number): boolean {
    return this.tokens[id]?.every((byte) => byte === 0x20 || byte === 0x0A || byte === 0x09) ?? false;
  }

  /** Encodes bytes as one chunk. */
  #encodeBytes(bytes: Uint8Array): Uint32Array {
    const ids = Uint32Array.from(bytes, (byte) => this.#byteIds[byte]);
    return ids.slice(0, merge(ids, this.#pairs));
  }

  #encodeChunk(text: string, start: number, stop: number): Uint32Array {
    if (this.#scratch.length < (stop - start) * 3) this.#scratch = new Uint8Array((stop - start) * 3);
    const { written } = utf8.encodeInto(text.slice(start, stop), this.#scratch);
    const bytes = this.#scratch.subarray(0, written), token = this.#whole?.find(bytes) ?? -1;
    const merged = token < 0 ? this.#encodeBytes(bytes) : Uint32Array.of(token);
    if (stop - start <= longestCached) {
      if (this.#cache.size === mostCached) this.#cache.clear();
      this.#cachedIds[this.#cache.add(text, start, stop)] = merged;
    }
    return merged;
  }

  /**
   * Finds the merge of each token: if the token's bytes are encoded with all earlier merges, two ids remain,
   * and the merge joins these.
   */
  #recoverMerges(): Merge[] {
    const merges: Merge[] = [];
    this.tokens.forEach((bytes, id) => {
      if (bytes === undefined || bytes.length === 1) return;
      const ids = Uint32Array.from(bytes, (byte) => this.#byteIds[byte]);
      const parts = merge(ids, this.#pairs, id);
      if (parts !== 2) {
        throw new TypeError(
          `Cannot write token ${id} as a merge of two tokens: the tokens before it encode its bytes as ${parts} tokens: ` +
            "give the tokenizer.json of the same model",
        );
      }
      merges.push([ids[0], ids[1], id]);
    });
    return merges;
  }
}

function byteIds(tokens: BpeSpec["tokens"]): Uint32Array {
  const ids = new Uint32Array(256).fill(0xFFFFFFFF);
  tokens.forEach((bytes, id) => {
    if (bytes?.length === 1 && ids[bytes[0]] === 0xFFFFFFFF) ids[bytes[0]] = id;
  });
  const missing = ids.indexOf(0xFFFFFFFF);
  if (missing >= 0) {
    throw new TypeError(
      `Cannot make a byte-pair tokenizer: byte ${missing} has no token: each of the 256 bytes must be a token`,
    );
  }
  return ids;
}

function sortedIds(tokens: BpeSpec["tokens"]): Uint32Array {
  const known = tokens.flatMap((bytes, id) => bytes === undefined ? [] : [{ bytes, id }]);
  return Uint32Array.from(known.sort((a, b) => compareBytes(a.bytes, b.bytes)), ({ id }) => id);
}

function givenPairs(tokens: BpeSpec["tokens"], merges: readonly Merge[]): PairTable {
  const table = new PairTable(merges.length);
  merges.forEach(([left, right, id], rank) => {
    const [a, b, both] = [tokens[left], tokens[right], tokens[id]];
    const fits = a && b && both && both.length === a.length + b.length &&
      a.every((byte, i) => both[i] === byte) && b.every((byte, i) => both[a.length + i] === byte);
    if (!fits) {
      throw new TypeError(`Cannot use merge ${rank}: tokens ${left} and ${right} do not join to token ${id}`);
    }
    table.add(left, right, { rank, id });
  });
  return table;
}

/**
 * Returns the pairs that tiktoken may merge, which are all splits of a token's bytes into two other tokens.
 */
function allPairs(tokens: BpeSpec["tokens"], index: ByteIndex): PairTable {
  const table = new PairTable(tokens.length * 3);
  tokens.forEach((bytes, id) => {
    if (bytes !== undefined) index.splits(bytes, (left, right) => table.add(left, right, { rank: id, id }));
  });
  return table;
}
