/**
 * MinHash deduplication as FineWeb does it: all documents are stored with their signatures, then clustered,
 * and one document per cluster is kept. Source: Penedo et al. 2024 (arXiv 2406.17557); the signatures
 * and the kept documents are the same as in datatrove.
 *
 * @module
 */
import { existsSync, removeIfThereSync } from "../../disk/whole_files.ts";
import { type Stage, stage } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { DocumentStore } from "./document_store.ts";
import { findDuplicates } from "./find_duplicates.ts";
import { clustersPath, readRemoval, requireClusters } from "./removal.ts";
import { recordedBytes, recordedSignature, unsigned } from "./minhash_sign.ts";
import { SignatureLog } from "./signature_log.ts";
import { type SignatureRecords, signatureSetOf, signatureSetPath } from "./signature_set.ts";
import { type SignatureOptions, Signer } from "./signer.ts";
import { sortSignatures } from "./sort_signatures.ts";
import { entriesInSync, makeFolderSync } from "../../disk/files.ts";

/** How documents are compared, and where they are stored until they are compared. */
export interface MinhashClustersOptions extends SignatureOptions {
  /**
   * Folder for documents and signatures, created if missing.
   */
  readonly dir: string;
  /** What is stored of a signature (default `full`), in 1.9 kB per document; `short` takes 0.3 kB. */
  readonly records?: SignatureRecords;
  /**
   * Memory limit in bytes for sorting and clustering (default 512 MiB); at least 8 bytes per document are
   * needed.
   */
  readonly memory?: number;
}

/** State of the stage in a checkpoint. */
interface SavedClusters {
  /** Number of documents stored. */
  documents: number;
  /** Number of documents that have a signature. */
  signed: number;
  /** Size of the file of documents in bytes. */
  stored: number;
  /** Number of documents kept or dropped; null while the input has not ended. */
  given: number | null;
}

/** State of the open stage. */
interface ClustersState extends SavedClusters {
  readonly store: DocumentStore;
  readonly log: SignatureLog;
  readonly signer: Signer;
}

/**
 * Holds back all documents until the input ends. Then it yields one document of each cluster of
 * near-duplicates, in the original order, and drops the others as `duplicate`. Two documents are
 * near-duplicates if their signatures agree in a bucket. Clusters are the connected components of such pairs.
 * The kept document is the root in the union-find structure, as in datatrove: pairs are joined bucket by
 * bucket in the order of their hashes, and the root of the larger cluster is kept, or with
 * `recipe: "release"` the root of the first cluster. The choice depends only on the documents and their
 * order.
 *
 * Throws RangeError for options out of range and for too little memory, Deno.errors.InvalidData if files in
 * the folder are truncated or changed.
 */
export function minhashClusters(options: MinhashClustersOptions): Stage<Document, Document> {
  const { dir, memory = 512 * 2 ** 20, records = "full" } = options;
  return stage<Document, Document, ClustersState>({
    name: "minhash",
    resumesFlush: true,
    async open(_ctx, saved: SavedClusters = { documents: 0, signed: 0, stored: 0, given: null }) {
      const signer = await Signer.open(options);
      makeFolderSync(dir);
      if (saved.given === null) deleteResults(dir);
      const store = new DocumentStore(`${dir}/documents.store`, saved.stored);
      const log = new SignatureLog(`${dir}/signatures.log`, {
        bytes: recordedBytes(signer, records),
        count: saved.signed,
      });
      return { ...saved, store, log, signer };
    },
    push(doc, state) {
      const signature = recordedSignature(doc, { signer: state.signer, records });
      if (signature !== null) state.log.add(signature, state.documents);
      state.store.add(unsigned(doc));
      state.documents++;
      return [];
    },
    async *flush(state, ctx) {
      state.log.sync();
      state.signed = state.log.count;
      if (!existsSync(clustersPath(dir))) await cluster(options, { state, memory, signal: ctx.signal });
      state.given ??= 0;
      const removal = readRemoval(dir, 0, requireClusters(dir).ranks[0]);
      let next = removal.next();
      while (!next.done && next.value < state.given) next = removal.next();
      for (const doc of state.store.read(state.given)) {
        const duplicate = !next.done && next.value === state.given;
        state.given++;
        if (duplicate) {
          next = removal.next();
          ctx.drop(doc, "duplicate");
        } else {
          yield doc;
        }
      }
    },
    save({ store, log, documents, given }) {
      store.sync();
      log.sync();
      return { documents, signed: log.count, stored: store.bytes, given };
    },
    close({ store, log }) {
      store.close();
      log.close();
    },
  });
}

/**
 * Deletes the files of `minhashClusters` that are no longer needed after its end: the documents and the
 * unsorted signatures.
 */
export function deleteDocumentStore(dir: string): void {
  for (const name of ["documents.store", "signatures.log"]) removeIfThereSync(`${dir}/${name}`);
}

async function cluster(
  options: MinhashClustersOptions,
  { state, memory, signal }: {
    readonly state: ClustersState;
    readonly memory: number;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { dir, records = "full" } = options, { signer, documents, signed } = state;
  const set = signatureSetOf(options, { signer, documents, signed, records, rank: 0 });
  await sortSignatures({ log: `${dir}/signatures.log`, dir, set, memory, signal });
  await findDuplicates({ dir, memory, signal });
}

/** Deletes the results of an earlier run, because the resumed run will compute them from more documents. */
function deleteResults(dir: string): void {
  removeIfThereSync(clustersPath(dir));
  removeIfThereSync(signatureSetPath(dir, 0));
  for (const { name } of entriesInSync(dir)) {
    if (/^bucket_\d+$/.test(name)) removeIfThereSync(`${dir}/${name}`);
  }
}
