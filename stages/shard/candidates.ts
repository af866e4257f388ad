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

/**
 * The documents of a source in another order: first the candidates for validation, which carry `candidate`,
 * then all others.
 *
 * The candidates are the documents with the least hashes of their texts, among the first documents that the
 * source yields under seed 0: 1.6 times the text that holds `bytes` bytes at this share, but at least 4 MiB.
 * They have the share of this text, and at most twice `bytes`, because filters may drop some of them. The
 * run's seed and the order of the documents do not matter. The first documents are read twice. If the whole
 * text is at most 2 MiB, there are no candidates. Throws RangeError for a size out of range.
 */
export function candidatesFirst(source: Source<Document>, size: HeldOutSize): Source<Document> {
  checkSize(size);
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
        const candidates = await findCandidates(source, size, ctx);
        const keys = candidates.map(keyOf);
        if (state.keys !== null && state.keys.join() !== keys.join()) {
          throw new RangeError(
            `Cannot resume: the documents of ${source.name} have changed: restore them or start over with --resume never`,
          );
        }
        state.keys = keys;
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
  { share, bytes }: HeldOutSize,
  { signal }: Context,
): Promise<readonly Document[]> {
  const ctx: Context = { signal, stopping: false, seed: 0, rng: noRandomness, emit() {}, drop() {} };
  const limit = Math.max(1.6 * bytes / share, 2 * SMALL), docs: Document[] = [], seen = new Set<string>();
  let read = 0;
  const state = await source.open(ctx);
  try {
    for await (const doc of source.read(state, ctx)) {
      signal.throwIfAborted();
      read += documentBytes(doc);
      const key = holdOutKey(doc);
      if (!seen.has(key)) docs.push(doc);
      seen.add(key);
      if (read >= limit) break;
    }
  } finally {
    await source.close?.(state);
  }
  if (read <= SMALL) return [];
  const most = Math.min(share * read, 2 * bytes), candidates: Document[] = [];
  let taken = 0;
  for (const doc of inHoldOutOrder(docs)) {
    const own = documentBytes(doc);
    if (taken + own > most) break;
    candidates.push(doc);
    taken += own;
  }
  return candidates;
}

const noRandomness = { next: () => 0, integer: () => 0 };
