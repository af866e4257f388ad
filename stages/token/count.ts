/**
 * A stage that counts each document's tokens.
 *
 * @module
 */
import { type Stage, stage } from "../flow/stage.ts";
import type { Document } from "../items.ts";
import { loadTokenizer } from "./load_tokenizer.ts";
import type { Tokenizer } from "./tokenizer.ts";

/**
 * Adds `tokenCount` to each document: the number of tokens of its text; separators between documents are not
 * counted. `tokenizer` may be a name or path for `loadTokenizer`; each thread then loads it once, when the
 * stage opens. Throws the errors of `loadTokenizer`.
 *
 * @example
 * ```ts
 * import { countTokens, from } from "@stagewise/gpt";
 *
 * const counted = from([{ id: "1", text: "We the People" }]).pipe(countTokens("gpt2"));
 * console.log((await Array.fromAsync(counted.stream())).map(({ tokenCount }) => tokenCount)); // [ 3 ]
 * ```
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
