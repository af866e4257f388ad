/**
 * The stage that signs documents: the costly part of MinHash, which remembers nothing, so it may run in
 * workers.
 *
 * @module
 */
import type { Stage } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { type SignatureOptions, Signer } from "./signer.ts";

/**
 * Sets `signature`, where a document has as many words as a shingle. A stage after it compares: `minhashSeen`
 * or `minhashClusters`. Throws RangeError for options out of range, when opened.
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

/** A document's signature, made here where it brings none. Throws RangeError for one of other options. */
export function signatureOf({ id, text, signature }: Document, signer: Signer): Uint8Array | null {
  if (signature === undefined) return signer.sign(text);
  if (signature.length === signer.bytes) return signature;
  throw new RangeError(
    `The signature of ${id} has ${signature.length} bytes: ${signer.buckets} buckets of ${signer.rows} hashes have ${signer.bytes}: sign and compare with the same options`,
  );
}

/** The document without its signature. */
export function unsigned({ signature: _, ...doc }: Document): Document {
  return doc;
}
