/**
 * Byte-pair encoding: text to chunks, chunks to bytes, bytes merged by rank. The same ids as tiktoken and minbpe give.
 *
 * Source: Sennrich et al. 2016; openai/tiktoken; karpathy/minbpe.
 *
 * @module
 */
import { ByteIndex } from "./byte_index.ts";
import { ChunkIndex } from "./chunk_index.ts";
import { merge, PairTable } from "./merge.ts";
import { type ChunkEnd, chunkEnd, type Pattern, patternName } from "./split/patterns.ts";
import { Vocabulary } from "./vocabulary.ts";

/** What makes a byte-pair tokenizer. */
export interface BpeSpec {
  /** How text is cut first. */
  readonly pattern: Pattern;
  /** Bytes of the ordinary tokens by id; among them every single byte. Undefined: no such token. */
  readonly tokens: readonly (Uint8Array | undefined)[];
  /** [left, right, id] in the order of training. Absent: any two tokens that join to a third merge, the least id first. */
  readonly merges?: readonly Merge[];
  /** Special tokens by text. Their ids are not among `tokens`. */
  readonly special?: ReadonlyMap<string, number>;
}

/** Two ids and the one that they become. */
export type Merge = readonly [left: number, right: number, id: number];

const utf8 = new TextEncoder();
const LONGEST = 64; // code units of a remembered chunk: longer ones are rare and seldom met twice
const MOST = 1 << 17; // chunks remembered before the memory starts anew: bounds it at about 20 MB

/** A byte-pair tokenizer. */
export class BpeTokenizer extends Vocabulary {
  /** How text is cut first. */
  readonly pattern: Pattern;
  /** Whether any two tokens that join to a third merge, as in tiktoken: no merges were given. */
  readonly byRank: boolean;
  readonly #byteIds: Uint32Array;
  readonly #pairs: PairTable;
  readonly #chunkEnd: ChunkEnd;
  readonly #known = new ChunkIndex();
  readonly #knownIds: Uint32Array[] = [];
  #merges: readonly Merge[] | null;
  #scratch = new Uint8Array(256);

  /** Throws TypeError if a byte has no token, an id is taken twice, or a merge does not fit its token's bytes. */
  constructor(spec: BpeSpec) {
    super(spec.tokens, spec.special ?? new Map());
    this.pattern = patternName(spec.pattern);
    this.#chunkEnd = chunkEnd(this.pattern);
    this.#byteIds = byteIds(spec.tokens);
    this.byRank = spec.merges === undefined;
    this.#merges = spec.merges ?? null;
    this.#pairs = spec.merges ? givenPairs(spec.tokens, spec.merges) : allPairs(spec.tokens);
  }

  /** The merges in order of rank; found again from the tokens' bytes where only those are known. */
  get merges(): readonly Merge[] {
    return this.#merges ??= this.#recoverMerges();
  }

  /** Id of each single byte. */
  get byteIds(): Uint32Array {
    return this.#byteIds;
  }

  /** As in the interface. */
  encodeOrdinary(text: string): Uint32Array {
    const whole = text.toWellFormed();
    const known = this.#known, end = this.#chunkEnd;
    let out = new Uint32Array(Math.max(16, whole.length >> 1)), count = 0;
    for (let start = 0; start < whole.length;) {
      const stop = end(whole, start);
      if (count + 3 * (stop - start) > out.length) { // a code unit is three bytes at most
        const larger = new Uint32Array(Math.max(out.length * 2, count + 3 * (stop - start)));
        larger.set(out);
        out = larger;
      }
      const chunk = stop - start > LONGEST ? -1 : known.find(whole, start, stop);
      const ids = chunk < 0 ? this.#encodeChunk(whole, start, stop) : this.#knownIds[chunk];
      for (let i = 0; i < ids.length; i++) out[count++] = ids[i];
      start = stop;
    }
    return out.slice(0, count);
  }

  #encodeChunk(text: string, start: number, stop: number): Uint32Array {
    if (this.#scratch.length < (stop - start) * 3) this.#scratch = new Uint8Array((stop - start) * 3);
    const { written } = utf8.encodeInto(text.slice(start, stop), this.#scratch);
    const ids = new Uint32Array(written);
    for (let i = 0; i < written; i++) ids[i] = this.#byteIds[this.#scratch[i]];
    const merged = ids.slice(0, merge(ids, this.#pairs));
    if (stop - start <= LONGEST) {
      if (this.#known.size === MOST) this.#known.clear();
      this.#knownIds[this.#known.add(text, start, stop)] = merged;
    }
    return merged;
  }

  /** A token's last merge joins the two parts that the merges before it make of its bytes. */
  #recoverMerges(): Merge[] {
    const merges: Merge[] = [];
    this.tokens.forEach((bytes, id) => {
      if (bytes === undefined || bytes.length === 1) return;
      const ids = Uint32Array.from(bytes, (byte) => this.#byteIds[byte]);
      const parts = merge(ids, this.#pairs, id);
      if (parts !== 2) {
        throw new TypeError(
          `Cannot write token ${id} as a merge of two: the tokens before it make ${parts} parts of its bytes`,
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
      `Cannot make a byte-pair tokenizer: byte ${missing} has no token: all 256 must have one`,
    );
  }
  return ids;
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

/** Every way to cut a token into two others: what tiktoken's search by joined bytes may merge. */
function allPairs(tokens: BpeSpec["tokens"]): PairTable {
  const index = new ByteIndex(tokens);
  const table = new PairTable(tokens.length * 3);
  tokens.forEach((bytes, id) => {
    if (bytes !== undefined) index.cuts(bytes, (left, right) => table.add(left, right, { rank: id, id }));
  });
  return table;
}
