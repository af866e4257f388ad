/**
 * Moves the documents that may be held out for validation to the beginning of a source, so that the held-out
 * text is complete before training starts and comes from the whole source instead of its first documents.
 *
 * @module
 */
import type { SavedState } from "../flow/checkpoint/checkpoint.ts";
import type { Context, Source } from "../flow/stage.ts";
import type { Document } from "../items.ts";
import {
  checkSize,
  documentBytes,
  type HeldOutSize,
  holdOutKey,
  inHoldOutOrder,
  SMALL,
} from "./held_out_text.ts";

/** Position in a source whose candidates come first. */
interface CandidatesState {
  /** Number of candidates that have been yielded. */
  next: number;
  /** Keys of all candidates; null until they are chosen. */
  keys: string[] | null;
  /** State of the source; undefined until it is opened. */
  inner: any;
}

/** How candidates are found. */
export interface CandidatesOptions {
  /**
   * Returns a part of the source that comes from all of it, of about this number of characters, among which
   * the candidates are chosen; or null. Default: the first documents of the source.
   */
  readonly spread?: (characters: number) => Promise<Source<Document> | null>;
  /**
   * The part of a job whose processes share the candidates: the first process yields them, and the others
   * leave them out. Default: there is one process.
   */
  readonly share?: "first" | "other";
}

/**
 * The documents of a source in another order: first the candidates for validation, which carry `candidate`,
 * then all others.
 *
 * The candidates are the documents with the least hashes of their texts among those of `spread`, or else
 * among the first documents that the source yields under seed 0: 1.6 times the text that holds `bytes` bytes
 * at this share, but at least 4 MiB. They have the share of this text, and at most twice `bytes`, because
 * filters may drop some of them; memory holds about twice as much. The run's seed and the order of the
 * documents do not matter. If the whole text is at most 2 MiB, there are no candidates. Throws RangeError for
 * a size out of range.
 */
export function candidatesFirst(
  source: Source<Document>,
  size: HeldOutSize,
  options: CandidatesOptions = {},
): Source<Document> {
  checkSize(size);
  let found: readonly Document[] | null = null; // several flows may read this source
  const open = async (ctx: Context, saved?: CandidatesState): Promise<CandidatesState> => ({
    next: saved?.next ?? 0,
    keys: saved?.keys ?? null,
    inner: saved?.inner === undefined || saved.inner === null
      ? undefined
      : await source.open(ctx, saved.inner),
  });
  return {
    name: source.name,
    open,
    async *read(state: CandidatesState, ctx) {
      if (state.keys === null || state.next < state.keys.length) {
        const candidates = found ??= await findCandidates(source, { size, options, ctx });
        const keys = candidates.map(keyOf);
        if (state.keys !== null && state.keys.join() !== keys.join()) {
          throw new RangeError(
            `Cannot resume: the documents of ${source.name} have changed: restore them or start over with --resume never`,
          );
        }
        state.keys = keys;
        if (options.share !== undefined && keys.length === 0) throw tooLittle(source.name);
        if (options.share === "other") state.next = candidates.length;
        while (state.next < candidates.length) {
          yield { ...candidates[state.next++], candidate: true as const };
        }
      }
      const keys = new Set(state.keys), lengths = new Set(state.keys.map((key) => parseInt(key)));
      state.inner ??= await source.open(ctx);
      for await (const doc of source.read(state.inner, ctx)) {
        // The hash of every document of a large source would take long.
        if (!lengths.has(lengthOf(doc)) || !keys.has(keyOf(doc))) yield doc;
      }
    },
    async save({ next, keys, inner }: CandidatesState) {
      const saved: SavedState = inner === undefined
        ? null
        : source.save
        ? await source.save(inner)
        : structuredClone(inner);
      return { next, keys, inner: saved };
    },
    async close({ inner }: CandidatesState) {
      if (inner !== undefined) await source.close?.(inner);
    },
  };
}

function tooLittle(name: string): Error {
  return new RangeError(
    `Cannot hold out text of ${name} for validation by several processes: it has at most ${SMALL} bytes: leave --rank out`,
  );
}

/** Identifies a candidate: the length of its text in characters, and the text's hash. */
function keyOf(doc: Document): string {
  return `${lengthOf(doc)} ${holdOutKey(doc)}`;
}

function lengthOf({ html, text }: Document): number {
  return (html ?? text).length;
}

/** The candidates in the order of their hashes. */
async function findCandidates(
  source: Source<Document>,
  { size: { share, bytes }, options, ctx: { signal } }: {
    readonly size: HeldOutSize;
    readonly options: CandidatesOptions;
    readonly ctx: Context;
  },
): Promise<readonly Document[]> {
  const ctx: Context = { signal, stopping: false, seed: 0, rng: noRandomness, emit() {}, drop() {} };
  const most = Math.max(1.6 * bytes / share, 2 * SMALL);
  const spread = await options.spread?.(most) ?? null, limit = spread === null ? most : Infinity;
  const from = spread ?? source, least = new LeastHashes(2 * bytes);
  let read = 0;
  const state = await from.open(ctx);
  try {
    for await (const doc of from.read(state, ctx)) {
      signal.throwIfAborted();
      read += documentBytes(doc);
      least.add(doc);
      if (read >= limit) break;
    }
  } finally {
    await from.close?.(state);
  }
  return read <= SMALL ? [] : least.upTo(Math.min(share * read, 2 * bytes));
}

/** The documents with the least hashes, as many as have `most` bytes; of equal texts only one. */
class LeastHashes {
  readonly #most: number;
  #docs = new Map<string, Document>();
  #bytes = 0;
  #limit = "g"; // hashes from this one on are not needed: above all hexadecimal digits

  constructor(most: number) {
    this.#most = most;
  }

  add(doc: Document): void {
    const key = holdOutKey(doc);
    if (key >= this.#limit || this.#docs.has(key)) return;
    this.#docs.set(key, doc);
    this.#bytes += documentBytes(doc);
    if (this.#bytes > 2 * this.#most) this.#prune();
  }

  /** The documents in the order of their hashes, up to the first that would exceed `most` bytes in all. */
  upTo(most: number): readonly Document[] {
    const docs: Document[] = [];
    let bytes = 0;
    for (const doc of inHoldOutOrder([...this.#docs.values()])) {
      bytes += documentBytes(doc);
      if (bytes > most) break;
      docs.push(doc);
    }
    return docs;
  }

  #prune(): void {
    const sorted = [...this.#docs].sort(([a], [b]) => a < b ? -1 : 1);
    let bytes = 0, count = 0;
    while (count < sorted.length && bytes <= this.#most) bytes += documentBytes(sorted[count++][1]);
    this.#docs = new Map(sorted.slice(0, count));
    this.#bytes = bytes;
    this.#limit = sorted[count - 1][0];
  }
}

const noRandomness = { next: () => 0, integer: () => 0 };
