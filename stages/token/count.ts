/**
 * The stage that says how many tokens a document has.
 *
 * @module
 */
import { type Stage, stage } from "../flow/stage.ts";
import type { Document } from "../items.ts";
import { loadTokenizer } from "./load_tokenizer.ts";
import type { Tokenizer } from "./tokenizer.ts";

/**
 * Document → the same with `tokenCount`, its text's length in tokens, without any between documents. The tokenizer may
 * be given by the name or path that `loadTokenizer` takes; it is loaded once in a thread. Throws as `loadTokenizer`.
 */
export function count(tokenizer: Tokenizer | string): Stage<Document, Document, { tokenizer: Tokenizer }> {
  return stage<Document, Document, { tokenizer: Tokenizer }>({
    name: "count",
    open: async () => ({
      tokenizer: typeof tokenizer === "string" ? await loadTokenizer(tokenizer) : tokenizer,
    }),
    push: (doc, state) => [{ ...doc, tokenCount: state.tokenizer.encodeOrdinary(doc.text).length }],
    save: () => null,
  });
}
