/**
 * MinHash deduplication shared by several processes: each sets its documents aside with their signatures;
 * once all are there, one clusters them and reads the documents back, in the order of the processes. What
 * comes of it is what `minhashClusters` makes of all documents in one stream.
 *
 * @module
 */
import { type Source, type Stage, stage } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { DocumentStore } from "./document_store.ts";
import { findDuplicates, readRemoval } from "./find_duplicates.ts";
import { signatureOf, unsigned } from "./minhash_sign.ts";
import { SignatureLog } from "./signature_log.ts";
import { readSignatureSets, signatureSetOf, signatureSetPath } from "./signature_set.ts";
import { type SignatureOptions, Signer } from "./signer.ts";
import { sortSignatures } from "./sort_signatures.ts";
import { removeIfThereSync } from "../../disk/whole_files.ts";

/** Whose documents, and where they wait. */
export interface StoreRankOptions {
  /** Folder of all processes, made if missing. */
  readonly dir: string;
  /** Of the process. */
  readonly rank: number;
  /** How documents are signed; null: they are only kept. */
  readonly sign: SignatureOptions | null;
  /** Bytes of memory for signatures while they are sorted (default 512 MiB). */
  readonly memory?: number;
}

interface Saved {
  documents: number;
  signed: number;
  /** Bytes of the documents on disk. */
  stored: number;
}

interface State extends Saved {
  readonly store: DocumentStore;
  readonly signing: { readonly log: SignatureLog; readonly signer: Signer } | null;
}

/**
 * A sink: `<dir>/00003.documents`, and, signed, sorted signatures in datatrove's files with
 * `<dir>/00003.json`, which says that they are whole. Throws as `minhashClusters`.
 */
export function storeRankDocuments(
  { dir, rank, sign, memory = 512 * 2 ** 20 }: StoreRankOptions,
): Stage<Document, never> {
  const logPath = `${dir}/${padded(rank)}.signatures`;
  return stage<Document, never, State>({
    name: "set aside",
    async open(_ctx, saved: Saved = { documents: 0, signed: 0, stored: 0 }) {
      Deno.mkdirSync(dir, { recursive: true });
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

/** Where reading documents back stands. */
export interface StoredDocumentsState {
  /** The process whose document is next. */
  rank: number;
  /** Documents of its that have been read. */
  next: number;
}

/** The documents that processes 0 to `world` - 1 have set aside, in order. */
export function storedDocuments(
  { dir, world }: { readonly dir: string; readonly world: number },
): Source<Document, StoredDocumentsState> {
  return {
    name: "documents",
    open: (_ctx, saved = { rank: 0, next: 0 }) => ({ ...saved }),
    *read(state) {
      while (state.rank < world) {
        const path = storePath(dir, state.rank);
        const store = new DocumentStore(path, Deno.statSync(path).size);
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

/** How much memory clustering may take, and where signatures are. */
export interface DropDuplicatesOptions {
  /** The folder that documents were set aside in. */
  readonly dir: string;
  /** Bytes (default 512 MiB); 8 a document at least. */
  readonly memory?: number;
}

interface DropState extends StoredDocumentsState {
  /** Documents of each process. */
  readonly sizes: readonly number[];
  removal: Generator<number>;
  /** The next one to drop; null: no more of this process. */
  drop: number | null;
}

/**
 * Of what `documentsAside` gives, passes on one of each cluster of near-duplicates and drops the others with
 * the reason `duplicate`; they are found when it opens. Throws as `findDuplicates`.
 */
export function dropDuplicates(
  { dir, memory = 512 * 2 ** 20 }: DropDuplicatesOptions,
): Stage<Document, Document> {
  const enter = (state: DropState): void => {
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
      enter(state);
      return state;
    },
    push(doc, state, ctx) {
      while (state.next === state.sizes[state.rank]) {
        state.rank++;
        state.next = 0;
        enter(state);
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

/**
 * Deletes what processes have set aside once it is no longer needed: documents, and signatures before
 * sorting.
 */
export function deleteRankStores({ dir, world }: { readonly dir: string; readonly world: number }): void {
  for (let rank = 0; rank < world; rank++) {
    removeIfThereSync(storePath(dir, rank));
    removeIfThereSync(`${dir}/${padded(rank)}.signatures`);
  }
}

function* none(): Generator<number> {}

function storePath(dir: string, rank: number): string {
  return `${dir}/${padded(rank)}.documents`;
}

function padded(rank: number): string {
  return String(rank).padStart(5, "0");
}
