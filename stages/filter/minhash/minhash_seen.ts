/**
 * MinHash deduplication of a stream: the first of near-duplicates stays, while the stream goes on. Source:
 * Broder 1997; buckets as in FineWeb (Penedo et al. 2024, arXiv 2406.17557).
 *
 * @module
 */
import { type Stage, stage } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { KeyIndex } from "./key_index.ts";
import { signatureOf, unsigned } from "./minhash_sign.ts";
import { type SignatureOptions, Signer } from "./signer.ts";

/** How documents are compared, and where what was seen is kept. */
export interface MinhashSeenOptions extends SignatureOptions {
  /** Folder of what was seen, made if missing: 8 bytes a bucket and document, twice that beyond `memory`. */
  readonly dir: string;
  /** Bytes of what was seen that may be in memory (default 256 MiB: of 800,000 documents). */
  readonly memory?: number;
}

const BYTES_A_KEY = 24; // in a table half full, and once more while it is sorted

/**
 * Drops a document of which any bucket was seen before, with the reason `duplicate`; what was seen is also
 * what was dropped, so a chain of near-duplicates leaves its first. A document with fewer words than a
 * shingle stays.
 *
 * FineWeb's own way, `minhashClusters`, has all documents before it decides: of each cluster it keeps the one
 * that is the root of its union-find. Here the kept one is the first, and where two documents that are not
 * alike have both gone by before a third that is like both, both stay. A bucket is remembered by a hash of 53
 * bits: of 100 million documents about 8 are dropped though no bucket is the same.
 *
 * Throws RangeError for options out of range; when it resumes, Deno.errors.InvalidData where the folder has
 * lost what the checkpoint says.
 */
export function minhashSeen(options: MinhashSeenOptions): Stage<Document, Document> {
  const { dir, memory = 256 * 2 ** 20 } = options;
  const held = 2 ** Math.floor(Math.log2(memory / BYTES_A_KEY));
  if (!(held >= 1024)) {
    throw new RangeError(`Cannot remember documents in ${memory} bytes: give at least ${1024 * BYTES_A_KEY}`);
  }
  return stage<Document, Document, { keys: number; index: KeyIndex; signer: Signer }>({
    name: "minhash",
    async open(_ctx, saved?: { keys: number }) {
      const signer = await Signer.open(options);
      return { keys: 0, signer, index: new KeyIndex({ dir, held, count: saved?.keys ?? 0 }) };
    },
    push(doc, { index, signer }, ctx) {
      const signature = signatureOf(doc, signer);
      if (signature === null) return [doc];
      let duplicate = false;
      for (const key of signer.keys(signature)) {
        if (index.has(key)) duplicate = true;
        else index.add(key);
      }
      if (!duplicate) return [unsigned(doc)];
      ctx.drop(unsigned(doc), "duplicate");
      return [];
    },
    save({ index }) {
      index.sync();
      return { keys: index.count };
    },
    close: ({ index }) => index.close(),
  });
}
