/**
 * MinHash deduplication while streaming: of several near-duplicates, the first is kept. Source: Broder 1997;
 * buckets as in FineWeb (Penedo et al. 2024, arXiv 2406.17557).
 *
 * @module
 */
import { type Stage, stage } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { KeyIndex } from "./key_index.ts";
import { signatureOf, unsigned } from "./minhash_sign.ts";
import { type SignatureOptions, Signer } from "./signer.ts";

/** How documents are compared, and where the index of earlier documents is stored. */
export interface MinhashSeenOptions extends SignatureOptions {
  /**
   * Folder of the index, created if missing. It needs 8 bytes per bucket and document, and twice as much once
   * the index exceeds `memory`.
   */
  readonly dir: string;
  /** Memory limit in bytes for the index (default 256 MiB, enough for 800,000 documents). */
  readonly memory?: number;
}

const BYTES_PER_KEY = 24; // 16 in a half-full table, and 8 more while its keys are sorted

/**
 * Drops a document as `duplicate` if it has a bucket in common with at least one earlier document, whether
 * that document was kept or dropped. Therefore only the first document of a chain of near-duplicates is kept.
 * Documents with fewer words than a shingle are kept.
 *
 * FineWeb's own method is `minhashClusters`, which needs all documents before it decides. The results differ
 * in two ways: here the first document of a cluster is kept, not the root in the union-find structure; and
 * two different documents are both kept even if a later document resembles both.
 *
 * A bucket is stored as a 53-bit hash. Among 100 million documents, about 110 are dropped because of a hash
 * collision.
 *
 * Throws RangeError for options out of range, and Deno.errors.InvalidData on resume if the index in the
 * folder is shorter than the checkpoint says.
 *
 * @example
 * ```ts
 * import { from, minhashSeen } from "@stagewise/gpt";
 *
 * const text = "we the people of the united states in order to form a more perfect union";
 * const documents = [{ id: "1", text }, { id: "2", text: `${text}.` }];
 * const dir = await Deno.makeTempDir();
 * const kept = await Array.fromAsync(from(documents).pipe(minhashSeen({ dir })).stream());
 * console.log(kept.map(({ id }) => id)); // [ "1" ]
 * ```
 */
export function minhashSeen(options: MinhashSeenOptions): Stage<Document, Document> {
  const { dir, memory = 256 * 2 ** 20 } = options;
  const held = 2 ** Math.floor(Math.log2(memory / BYTES_PER_KEY));
  if (!(held >= 1024)) {
    throw new RangeError(
      `Cannot index documents in ${memory} bytes of memory: allow at least ${1024 * BYTES_PER_KEY} bytes`,
    );
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
