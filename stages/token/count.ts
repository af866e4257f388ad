/**
 * The stage that says how many tokens a document has.
 *
 * @module
 */
import { map, type Stage } from "../flow/stage.ts";
import type { Document } from "../items.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** Document → the same with `tokenCount`, its text's length in tokens, without any between documents. */
export function count(tokenizer: Tokenizer): Stage<Document, Document> {
  return map("count", (doc) => ({ ...doc, tokenCount: tokenizer.encode(doc.text).length }));
}
