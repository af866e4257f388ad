/**
 * MinHash deduplication across several processes, each with a rank. Every process stores its documents and
 * their signatures on disk. When all have finished, one process clusters all signatures and reads the
 * documents back in the order of the ranks (`dropDuplicates`). The result is the same as that of
 * `minhashClusters` for all documents in one stream.
 *
 * @module
 */
import { removeIfThereSync } from "../../disk/whole_files.ts";
import { type Source, type Stage, stage } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { DocumentStore } from "./document_store.ts";
import { signatureOf, unsigned } from "./minhash_sign.ts";
import { SignatureLog } from "./signature_log.ts";
import { signatureSetOf, signatureSetPath } from "./signature_set.ts";
import { type SignatureOptions, Signer } from "./signer.ts";
import { sortSignatures } from "./sort_signatures.ts";
import { fileInfoSync, makeFolderSync } from "../../disk/files.ts";

/** Where the documents of a rank are stored. */
export interface StoreRankOptions {
  /** Folder that all processes share, created if missing. */
  readonly dir: string;
  /** Rank of this process. */
  readonly rank: number;
  /** Options of the signatures; if null, documents are stored without signatures. */
  readonly sign: SignatureOptions | null;
  /** Memory limit in bytes for sorting signatures (default 512 MiB). */
  readonly memory?: number;
}

/** State of the sink in a checkpoint. */
interface SavedRankStore {
  /** Number of documents stored. */
  documents: number;
  /** Number of documents that have a signature. */
  signed: number;
  /** Size of the file of documents in bytes. */
  stored: number;
}

/** State of the open sink. */
interface RankStoreState extends SavedRankStore {
  readonly store: DocumentStore;
  readonly signing: { readonly log: SignatureLog; readonly signer: Signer } | null;
}

/**
 * Returns a sink that writes the documents of a rank to `<dir>/00003.documents` (for rank 3). If `sign` is
 * not null, it also writes the sorted signatures in datatrove's format and, as the last file,
 * `<dir>/00003.json`, which marks the signatures as complete. Throws the same errors as `minhashClusters`.
 */
export function storeRankDocuments(
  { dir, rank, sign, memory = 512 * 2 ** 20 }: StoreRankOptions,
): Stage<Document, never> {
  const logPath = signatureLogPath(dir, rank);
  return stage<Document, never, RankStoreState>({
    name: "set aside",
    async open(_ctx, saved: SavedRankStore = { documents: 0, signed: 0, stored: 0 }) {
      makeFolderSync(dir);
      removeIfThereSync(signatureSetPath(dir, rank));
      const store = new DocumentStore(storePath(dir, rank), saved.stored);
      const signer = sign === null ? null : await Signer.open(sign);
      const signing = signer &&
        { signer, log: new SignatureLog(logPath, { bytes: signer.bytes, count: saved.signed }) };
      return { ...saved, store, signing };
    },
    push(doc, state) {
      const signature = state.signing && signatureOf(doc, state.signing.signer);
      if (signature !== null) state.signing?.log.add(signature, state.documents);
      state.store.add(unsigned(doc));
      state.documents++;
      return [];
    },
    async *flush({ store, signing, documents }, { signal }) {
      store.sync();
      if (signing === null || sign === null) return;
      signing.log.sync();
      const set = signatureSetOf(sign, {
        signer: signing.signer,
        rank,
        documents,
        signed: signing.log.count,
      });
      await sortSignatures({ log: logPath, dir, set, memory, signal });
    },
    save({ store, signing, documents }) {
      store.sync();
      signing?.log.sync();
      return { documents, signed: signing?.log.count ?? 0, stored: store.bytes };
    },
    close({ store, signing }) {
      store.close();
      signing?.log.close();
    },
  });
}

/** Position in the stored documents of all ranks. */
export interface StoredDocumentsState {
  /** Rank of the next document. */
  rank: number;
  /** Number of documents read from that rank so far. */
  next: number;
}

/** Returns the stored documents of the ranks [0, `world`), in order. */
export function storedDocuments(
  { dir, world }: { readonly dir: string; readonly world: number },
): Source<Document, StoredDocumentsState> {
  return {
    name: "documents",
    open: (_ctx, saved = { rank: 0, next: 0 }) => ({ ...saved }),
    *read(state) {
      while (state.rank < world) {
        const path = storePath(dir, state.rank);
        const store = new DocumentStore(path, fileInfoSync(path).size);
        try {
          for (const doc of store.read(state.next)) {
            state.next++;
            yield doc;
          }
        } finally {
          store.close();
        }
        state.rank++;
        state.next = 0;
      }
    },
  };
}

/**
 * Deletes the files that are no longer needed after deduplication: documents and unsorted signatures of all
 * ranks.
 */
export function deleteRankStores({ dir, world }: { readonly dir: string; readonly world: number }): void {
  for (let rank = 0; rank < world; rank++) {
    removeIfThereSync(storePath(dir, rank));
    removeIfThereSync(signatureLogPath(dir, rank));
  }
}

function storePath(dir: string, rank: number): string {
  return `${dir}/${padded(rank)}.documents`;
}

function signatureLogPath(dir: string, rank: number): string {
  return `${dir}/${padded(rank)}.signatures`;
}

function padded(rank: number): string {
  return String(rank).padStart(5, "0");
}
