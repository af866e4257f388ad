/**
 * MinHash deduplication as FineWeb does it: all documents are set aside and signed, then clustered; of each cluster one
 * goes on. Source: Penedo et al. 2024 (arXiv 2406.17557); datatrove's MinHash, whose signatures and choices these are.
 *
 * @module
 */
import { type Stage, stage } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { DocumentStore } from "./document_store.ts";
import { findDuplicates, readRemoval, removalPath } from "./find_duplicates.ts";
import { signatureOf, unsigned } from "./minhash_sign.ts";
import { SignatureLog } from "./signature_log.ts";
import { signatureSetOf, signatureSetPath } from "./signature_set.ts";
import { type SignatureOptions, Signer } from "./signer.ts";
import { sortSignatures } from "./sort_signatures.ts";
import { existsSync, removeIfThereSync } from "../../disk/whole_files.ts";

/** How documents are compared, and where they wait. */
export interface MinhashClustersOptions extends SignatureOptions {
  /** Folder of documents and signatures, made if missing: the documents compressed and 1.9 kB for each. */
  readonly dir: string;
  /** Bytes of memory for signatures while they are sorted and clustered (default 512 MiB); 8 a document at least. */
  readonly memory?: number;
}

/** What a checkpoint holds. */
interface Saved {
  /** Documents set aside, and how many of them have a signature. */
  documents: number;
  signed: number;
  /** Bytes of the documents on disk. */
  stored: number;
  /** How many of them have been passed on or dropped; null while there are more to come. */
  given: number | null;
}

interface State extends Saved {
  readonly store: DocumentStore;
  readonly log: SignatureLog;
  readonly signer: Signer;
}

/**
 * Holds all documents back until the input ends, then passes on one of each cluster of near-duplicates, in their
 * order, and drops the others with the reason `duplicate`. Two documents are near-duplicates if a bucket of their
 * signatures is the same; a cluster is what hangs together by such pairs. The kept one is the root of the union-find,
 * as in datatrove: pairs are joined bucket by bucket, in order of hashes; the greater cluster's root stays
 * (`release`: the first one's). It depends on the documents and their order, on nothing else.
 *
 * Throws RangeError for options out of range and where memory is too small for so many documents,
 * Deno.errors.InvalidData where files in the folder were cut or changed.
 */
export function minhashClusters(options: MinhashClustersOptions): Stage<Document, Document> {
  const { dir, memory = 512 * 2 ** 20 } = options;
  return stage<Document, Document, State>({
    name: "minhash",
    resumesFlush: true,
    async open(_ctx, saved: Saved = { documents: 0, signed: 0, stored: 0, given: null }) {
      const signer = await Signer.open(options);
      Deno.mkdirSync(dir, { recursive: true });
      if (saved.given === null) forget(dir);
      const store = new DocumentStore(`${dir}/documents.store`, saved.stored);
      const log = new SignatureLog(`${dir}/signatures.log`, { bytes: signer.bytes, count: saved.signed });
      return { ...saved, store, log, signer };
    },
    push(doc, state) {
      const signature = signatureOf(doc, state.signer);
      if (signature !== null) state.log.add(signature, state.documents);
      state.store.add(unsigned(doc));
      state.documents++;
      return [];
    },
    async *flush(state, ctx) {
      state.log.sync();
      state.signed = state.log.count;
      if (!existsSync(removalPath(dir, 0))) await cluster(options, { state, memory, signal: ctx.signal });
      state.given ??= 0;
      const removal = readRemoval(dir, 0);
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

/** Deletes what `minhashClusters` set aside once it is no longer needed: documents, and signatures before sorting. */
export function deleteDocumentStore(dir: string): void {
  for (const name of ["documents.store", "signatures.log"]) removeIfThereSync(`${dir}/${name}`);
}

async function cluster(
  options: SignatureOptions & { readonly dir: string },
  { state, memory, signal }: { readonly state: State; readonly memory: number; readonly signal: AbortSignal },
): Promise<void> {
  const { dir } = options;
  const set = signatureSetOf(options, { ...state, rank: 0 });
  await sortSignatures({ log: `${dir}/signatures.log`, dir, set, memory, signal });
  await findDuplicates({ dir, memory, signal });
}

/** Deletes what was made of documents that a resume will see again. */
function forget(dir: string): void {
  removeIfThereSync(removalPath(dir, 0));
  removeIfThereSync(signatureSetPath(dir, 0));
  for (const { name } of Deno.readDirSync(dir)) {
    if (/^bucket_\d+$/.test(name)) removeIfThereSync(`${dir}/${name}`);
  }
}
