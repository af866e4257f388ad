/**
 * The stage that computes the signatures of documents, which is the expensive part of MinHash. The stage has
 * no state, so it can run on workers.
 *
 * @module
 */
import type { Stage } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import type { SignatureRecords } from "./signature_set.ts";
import { type SignatureOptions, Signer } from "./signer.ts";

/**
 * Sets the `signature` of documents that have at least as many words as a shingle. A later stage,
 * `minhashSeen` or `minhashClusters`, compares the signatures. Throws RangeError for options out of range
 * when the stage opens.
 *
 * @example
 * ```ts
 * import { from, minhashSign } from "@stagewise/gpt";
 *
 * const documents = [{ id: "1", text: "we the people of the united states" }];
 * const [{ signature }] = await Array.fromAsync(from(documents).pipe(minhashSign()).stream());
 * console.log(signature?.length); // 896
 * ```
 */
export function minhashSign(options: SignatureOptions = {}): Stage<Document, Document> {
  return {
    name: "minhash-sign",
    open: () => Signer.open(options),
    push(doc, signer: Signer) {
      const signature = signer.sign(doc.text);
      return [signature === null ? doc : { ...doc, signature }];
    },
    save: () => null,
  };
}

/**
 * Returns the signature that a document already has, otherwise a new one, or null if the text is shorter than
 * a shingle. Throws RangeError if the document's own signature was made with other options.
 */
export function signatureOf({ id, text, signature }: Document, signer: Signer): Uint8Array | null {
  if (signature === undefined) return signer.sign(text);
  if (signature.length === signer.bytes) return signature;
  throw new RangeError(
    `The signature of ${id} has ${signature.length} bytes, but ${signer.buckets} buckets of ${signer.rows} hashes ` +
      `have ${signer.bytes}: sign and compare with the same options`,
  );
}

/** Returns what the records of all buckets hold of a document's signature; null as `signatureOf`. */
export function recordedSignature(
  doc: Document,
  { signer, records }: { readonly signer: Signer; readonly records: SignatureRecords },
): Uint8Array | null {
  const signature = signatureOf(doc, signer);
  return signature === null || records === "full" ? signature : signer.shorten(signature);
}

/** Returns the length of such records in bytes, without the document's index. */
export function recordedBytes({ bytes, rows }: Signer, records: SignatureRecords): number {
  return records === "full" ? bytes : bytes / rows;
}

/** The document without its signature. */
export function unsigned({ signature: _, ...doc }: Document): Document {
  return doc;
}
