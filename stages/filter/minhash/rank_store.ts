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
import type { PiiState } from "../pii/pii.ts";
import { addAddresses, addressLogPath, openAddressLog } from "./address_log.ts";
import { DocumentStore } from "./document_store.ts";
import { recordedBytes, recordedSignature, unsigned } from "./minhash_sign.ts";
import { SignatureLog } from "./signature_log.ts";
import {
  readSignatureSet,
  type SignatureRecords,
  signatureSetOf,
  signatureSetPath,
} from "./signature_set.ts";
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
  /** What is stored of a signature (default `full`). */
  readonly records?: SignatureRecords;
  /**
   * Counts the addresses in a text that `pii` will mask after deduplication. It is needed if several
   * processes will mask them. Default: they are not counted.
   */
  readonly countAddresses?: ((text: string) => PiiState) | null;
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
  /** Number of documents with addresses; absent in checkpoints of earlier versions. */
  addressed?: number;
}

/** State of the open sink. */
interface RankStoreState extends SavedRankStore {
  readonly store: DocumentStore;
  readonly signing: { readonly log: SignatureLog; readonly signer: Signer } | null;
  readonly addresses: SignatureLog | null;
}

/**
 * Returns a sink that writes the documents of a rank to `<dir>/00003.documents` (for rank 3). If `sign` is
 * not null, it also writes the sorted signatures in datatrove's format and, as the last file,
 * `<dir>/00003.json`, which marks the signatures as complete. Throws the same errors as `minhashClusters`.
 */
export function storeRankDocuments(
  { dir, rank, sign, records = "full", countAddresses = null, memory = 512 * 2 ** 20 }: StoreRankOptions,
): Stage<Document, never> {
  const logPath = signatureLogPath(dir, rank);
  return stage<Document, never, RankStoreState>({
    name: "set aside",
    async open(_ctx, saved: SavedRankStore = { documents: 0, signed: 0, stored: 0 }) {
      makeFolderSync(dir);
      removeIfThereSync(signatureSetPath(dir, rank));
      const store = new DocumentStore(storePath(dir, rank), saved.stored);
      const signer = sign === null ? null : await Signer.open(sign);
      const signing = signer && {
        signer,
        log: new SignatureLog(logPath, { bytes: recordedBytes(signer, records), count: saved.signed }),
      };
      const addresses = countAddresses && openAddressLog(addressLogPath(dir, rank), saved.addressed ?? 0);
      return { ...saved, store, signing, addresses };
    },
    push(doc, state) {
      const { signing } = state;
      const signature = signing && recordedSignature(doc, { signer: signing.signer, records });
      if (signature !== null) signing?.log.add(signature, state.documents);
      if (state.addresses !== null && countAddresses !== null) {
        addAddresses(state.addresses, countAddresses(doc.text), state.documents);
      }
      state.store.add(unsigned(doc));
      state.documents++;
      return [];
    },
    async *flush({ store, signing, addresses, documents }, { signal }) {
      store.sync();
      addresses?.sync();
      if (signing === null || sign === null) return;
      signing.log.sync();
      const set = signatureSetOf(sign, {
        signer: signing.signer,
        rank,
        documents,
        signed: signing.log.count,
        records,
        ...(addresses !== null && { addressed: addresses.count }),
      });
      await sortSignatures({ log: logPath, dir, set, memory, signal });
    },
    save({ store, signing, addresses, documents }) {
      store.sync();
      signing?.log.sync();
      addresses?.sync();
      return {
        documents,
        signed: signing?.log.count ?? 0,
        stored: store.bytes,
        ...(addresses !== null && { addressed: addresses.count }),
      };
    },
    close({ store, signing, addresses }) {
      store.close();
      signing?.log.close();
      addresses?.close();
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

/** Where documents are stored, and which of them are read. */
export interface StoredDocumentsOptions {
  /** Folder that all processes share. */
  readonly dir: string;
  /** Number of ranks. */
  readonly world: number;
  /** The rank whose documents are read; null (default) for all. */
  readonly rank?: number | null;
}

/**
 * Returns the stored documents of one rank, or of the ranks [0, `world`), in order. Reading them throws
 * Deno.errors.InvalidData for a file that is damaged, or that has not as many documents as were signed.
 */
export function storedDocuments(
  { dir, world, rank = null }: StoredDocumentsOptions,
): Source<Document, StoredDocumentsState> {
  const end = rank === null ? world : rank + 1;
  return {
    name: "documents",
    open: (_ctx, saved = { rank: rank ?? 0, next: 0 }) => ({ ...saved }),
    *read(state) {
      while (state.rank < end) {
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
        checkCount(path, { dir, rank: state.rank, documents: state.next });
        state.rank++;
        state.next = 0;
      }
    },
  };
}

/** Throws Deno.errors.InvalidData if more or fewer documents were signed: the file was cut or replaced. */
function checkCount(
  path: string,
  { dir, rank, documents }: { readonly dir: string; readonly rank: number; readonly documents: number },
): void {
  const set = readSignatureSet(dir, rank);
  if (set === null || set.documents === documents) return;
  throw new Deno.errors.InvalidData(
    `Cannot read ${path}: it has ${documents} documents, ${set.documents} were signed: ` +
      `repeat the first step of rank ${rank} with --resume never`,
  );
}

/**
 * Deletes the files that are no longer needed after deduplication: documents, unsorted signatures and counts
 * of addresses, of one rank or of all.
 */
export function deleteRankStores({ dir, world, rank = null }: StoredDocumentsOptions): void {
  for (let one = rank ?? 0; one < (rank === null ? world : rank + 1); one++) {
    removeIfThereSync(storePath(dir, one));
    removeIfThereSync(signatureLogPath(dir, one));
    removeIfThereSync(addressLogPath(dir, one));
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
