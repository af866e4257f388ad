/**
 * A parallel group for the test of hostile texts. Its stages are the filters, text extraction and the
 * patterns of the tokenizers.
 *
 * @module
 */
import { extract } from "../../stages/filter/extract.ts";
import { finewebStages } from "../../stages/filter/fineweb_group.ts";
import type { Stage } from "../../stages/flow/stage.ts";
import type { Document } from "../../stages/items.ts";
import { chunks } from "../../stages/token/split/patterns.ts";

/**
 * Returns the stages, changed so that none drops a document and every stage gets every text.
 */
export function hostileStages(): Stage<Document, Document>[] {
  const filters = [
    ...finewebStages({ words: "treebank", sentences: "intl" }),
    ...finewebStages({
      words: "whitespace",
      sentences: "punctuation",
      recipe: "release",
      stages: ["c4", "gopher-quality"],
    })
      .map((stage) => ({ ...stage, name: `${stage.name} of release` })),
  ].filter((stage) => stage.name !== "extract");
  return [
    ...filters.map((stage) => passingAll(stage)),
    passingAll({ ...extract(), name: "extract text" }, (doc) => ({ ...doc, html: doc.text })),
    passingAll(
      { ...extract(), name: "extract paragraph" },
      (doc) => ({ ...doc, html: `<html><body><p>${doc.text}<pre>${doc.text}` }),
    ),
    ...["gpt2", "gpt4"].map((pattern): Stage<Document, Document> => ({
      name: `pattern ${pattern}`,
      open: () => null,
      *push(doc) {
        let size = 0;
        for (const chunk of chunks(doc.text, pattern)) size += chunk.length;
        if (size === doc.text.length) yield doc;
      },
    })),
  ];
}

/** Returns a stage that applies `stage` to a variant of each document and passes the document itself on. */
function passingAll(
  stage: Stage<Document, Document>,
  as: (doc: Document) => Document = (doc) => doc,
): Stage<Document, Document> {
  return {
    name: stage.name,
    open: (ctx, saved) => stage.open(ctx, saved),
    async *push(doc: Document, state, ctx) {
      for await (const _ of stage.push(as(doc), state, { ...ctx, drop: () => {} }));
      yield doc;
    },
  };
}
