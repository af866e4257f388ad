/**
 * Drops near-duplicates among the documents that several processes have stored.
 *
 * @module
 */
import { type Stage, stage } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { findDuplicates } from "./find_duplicates.ts";
import { type RankClusters, readRemoval, requireClusters } from "./removal.ts";
import type { StoredDocumentsState } from "./rank_store.ts";

/** Where signatures are stored, and how much memory clustering may use. */
export interface DropDuplicatesOptions {
  /** Folder in which `storeRankDocuments` has stored documents and signatures. */
  readonly dir: string;
  /** Memory limit in bytes (default 512 MiB); at least 8 bytes per document are needed. */
  readonly memory?: number;
  /**
   * The rank whose documents pass the stage; null (default) for those of all ranks. The documents of one rank
   * are only dropped after `clusterDocuments`, which another process has called.
   */
  readonly rank?: number | null;
}

interface DropState extends StoredDocumentsState {
  readonly clusters: readonly RankClusters[];
  /** Remaining indices of the documents to drop from the current rank, read lazily. */
  removal: Generator<number>;
  /** Index of the next document to drop from the current rank; null if there is none. */
  drop: number | null;
}

/**
 * Keeps one document of each cluster of near-duplicates among the documents of `storedDocuments`, and
 * drops the others as `duplicate`. For all ranks, the clusters are computed when the stage opens. Throws the
 * same errors as `findDuplicates`, and for one rank Deno.errors.NotFound if the documents have not been
 * clustered.
 */
export function dropDuplicates(
  { dir, memory = 512 * 2 ** 20, rank: only = null }: DropDuplicatesOptions,
): Stage<Document, Document> {
  const enterRank = (state: DropState): void => {
    const { rank } = state, clusters = state.clusters[rank];
    state.removal = clusters === undefined ? none() : readRemoval(dir, rank, clusters);
    do {
      state.drop = state.removal.next().value ?? null;
    } while (state.drop !== null && state.drop < state.next);
  };
  return stage<Document, Document, DropState>({
    name: "minhash",
    async open({ signal }, saved: StoredDocumentsState | undefined) {
      if (saved === undefined && only === null) await findDuplicates({ dir, memory, signal });
      const { ranks: clusters } = requireClusters(dir);
      const state = { rank: only ?? 0, next: 0, ...saved, clusters, removal: none(), drop: null };
      enterRank(state);
      return state;
    },
    push(doc, state, ctx) {
      while (state.next === state.clusters[state.rank]?.documents) {
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
