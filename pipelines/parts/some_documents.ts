/**
 * Refuses to train on nothing: says which filters have dropped all documents.
 *
 * @module
 */
import { NoItemsError } from "../../stages/flow/dropped.ts";
import { type Stage, stage } from "../../stages/flow/stage.ts";
import type { Document } from "../../stages/items.ts";

/** Message and advice of the error for a text of which nothing is left. */
export function nothingLeft(work: string, { filtered }: { readonly filtered: boolean }): NoItemsError {
  return filtered
    ? new NoItemsError(`Cannot ${work}: no document passed the filters`, {
      advice: "type --stages none to keep all documents, or name only the filters that suit this text",
    })
    : new NoItemsError(`Cannot ${work}: there are no documents with text`, {
      advice: "give another --source",
    });
}

/**
 * Passes all documents on. Throws NoItemsError at the end if there were none; `filtered` says whether
 * `--stages` may have dropped them.
 */
export function someDocuments(options: { readonly filtered: boolean }): Stage<Document, Document> {
  return stage<Document, Document, { seen: boolean }>({
    name: "some-documents",
    open: (_ctx, saved = { seen: false }) => ({ ...saved }),
    push(doc, state) {
      state.seen = true;
      return [doc];
    },
    flush(state) {
      if (!state.seen) throw nothingLeft("train", options);
      return [];
    },
  });
}
