/**
 * Drops near-duplicates among the documents that several processes have stored.
 *
 * @module
 */
import { type Stage, stage } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { findDuplicates, readRemoval } from "./find_duplicates.ts";
import type { StoredDocumentsState } from "./rank_store.ts";
import { readSignatureSets } from "./signature_set.ts";

/** Where signatures are stored, and how much memory clustering may use. */
export interface DropDuplicatesOptions {
  /** Folder in which `storeRankDocuments` has stored documents and signatures. */
  readonly dir: string;
  /** Memory limit in bytes (default 512 MiB); at least 8 bytes per document are needed. */
  readonly memory?: number;
}

interface DropState extends StoredDocumentsState {
  /** Number of documents of each rank. */
  readonly sizes: readonly number[];
  /** Remaining indices of the documents to drop from the current rank, read lazily. */
  removal: Generator<number>;
  /** Index of the next document to drop from the current rank; null if there is none. */
  drop: number | null;
}

/**
 * Keeps one document of each cluster of near-duplicates among the documents of `storedDocuments`, and
 * drops the others as `duplicate`. The clusters are computed when the stage opens. Throws the same errors as
 * `findDuplicates`.
 */
export function dropDuplicates(
  { dir, memory = 512 * 2 ** 20 }: DropDuplicatesOptions,
): Stage<Document, Document> {
  const enterRank = (state: DropState): void => {
    state.removal = state.rank < state.sizes.length ? readRemoval(dir, state.rank) : none();
    do {
      state.drop = state.removal.next().value ?? null;
    } while (state.drop !== null && state.drop < state.next);
  };
  return stage<Document, Document, DropState>({
    name: "minhash",
    async open({ signal }, saved: StoredDocumentsState | undefined) {
      if (saved === undefined) await findDuplicates({ dir, memory, signal });
      const sizes = readSignatureSets(dir).map(({ documents }) => documents);
      const state = { rank: 0, next: 0, ...saved, sizes, removal: none(), drop: null };
      enterRank(state);
      return state;
    },
    push(doc, state, ctx) {
      while (state.next === state.sizes[state.rank]) {
        state.rank++;
        state.next = 0;
        enterRank(state);
      }
      const number = state.next++;
      if (number !== state.drop) return [doc];
      state.drop = state.removal.next().value ?? null;
      ctx.drop(doc, "duplicate");
      return [];
    },
    save: ({ rank, next }) => ({ rank, next }),
    close(state) {
      state.removal.return(undefined);
    },
  });
}

function* none(): Generator<number> {}
