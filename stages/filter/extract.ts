/**
 * Extracts the main text of web pages. A page takes about twenty milliseconds, so the stage should run in a
 * group of workers, with a time limit for the rare pages that would never finish.
 *
 * @module
 */
import { type ArticleOptions, tryArticle } from "../format/web/article_text.ts";
import type { Stage } from "../flow/stage.ts";
import type { Document } from "../items.ts";
export type { ArticleOptions } from "../format/web/article_text.ts";

/**
 * Replaces a document's `html` by its main text in `text`. Documents without `html` pass unchanged. Drops
 * pages without text as `no_text` and pages on which the HTML parser fails as `broken`. `options` say what
 * counts as text where that is in doubt, whether comments do, and whether it is written as Markdown.
 *
 * @example
 * ```ts
 * import { extract, from } from "@stagewise/gpt";
 *
 * const documents = [{ id: "page", text: "", html: "<title>Preamble</title><p>We the People.</p>" }];
 * const kept = await Array.fromAsync(from(documents).pipe(extract()).stream());
 * console.log(kept[0].text); // "We the People."
 * ```
 */
export function extract(options: ArticleOptions = {}): Stage<Document, Document> {
  return {
    name: "extract",
    open: () => null,
    push(doc, _state, ctx) {
      if (doc.html === undefined) return [doc];
      const { html, ...rest } = doc;
      const text = tryArticle(html, options);
      if (text) return [{ ...rest, text }];
      ctx.drop(doc, text === null ? "broken" : "no_text");
      return [];
    },
  };
}
