/**
 * Text extraction: pages become their main text. It takes tens of milliseconds a page, so it belongs into a group of
 * workers, with a limit for the pages that take for ever.
 *
 * @module
 */
import { tryArticle } from "../format/web/article_text.ts";
import type { Stage } from "../flow/stage.ts";
import type { Document } from "../items.ts";

/**
 * A document's `html` becomes its `text`; one without is passed on as it is. Drops pages without text (`no_text`) and
 * pages that the parser cannot take (`broken`).
 */
export function extract(): Stage<Document, Document> {
  return {
    name: "extract",
    open: () => null,
    push(doc, _state, ctx) {
      if (doc.html === undefined) return [doc];
      const { html, ...rest } = doc;
      const text = tryArticle(html);
      if (text) return [{ ...rest, text }];
      ctx.drop(doc, text === null ? "broken" : "no_text");
      return [];
    },
  };
}
