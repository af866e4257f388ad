/**
 * The main text of a web page. Every segment of the page is scored by its structure: its text and links, the
 * blocks that hold it, the holder of most prose, the names of roles in classes, its neighbours. The weights
 * were fitted to pages of many sites and languages; no rule is written for a site, and no word of a text
 * counts.
 *
 * @module
 */
import { segmentModel } from "./html/segment_model.ts";
import { selectSegments } from "./html/select_segments.ts";
import { markdownOf } from "./html/markdown.ts";
import { joined, type Segment } from "./html/segments.ts";
import { orStated } from "./html/structured_text.ts";
import { titleOf, visiblePage } from "./html/visible_segments.ts";

/** What is extracted from a page, and how it is written. */
export type ArticleOptions = Readonly<{
  /** `precision` keeps less in doubt, `recall` more (default `balanced`). */
  favor?: "balanced" | "precision" | "recall";
  /** Whether the comments of readers are kept (default false). */
  comments?: boolean;
  /** Whether headings, lists, tables and code are marked as in Markdown (default `text`: they are not). */
  markup?: "text" | "markdown";
}>;

/**
 * Returns the main text of a page, without menus, captions, share bars, related links, comments and footers;
 * paragraphs, lists, code, tables and formulas are kept. A page without anything but text is returned whole.
 */
export function articleText(html: string, options: ArticleOptions = {}): string {
  const { favor = "balanced", comments = false, markup = "text" } = options;
  const write: (segments: readonly Segment[]) => string = markup === "markdown" ? markdownOf : joined;
  const { root, segments } = visiblePage(html, { markdown: markup === "markdown" });
  const kept = selectSegments(segments, {
    favor,
    title: titleOf(root),
    model: segmentModel,
    comments,
  });
  return orStated(write(kept), root, write);
}

/**
 * Works like `articleText`, but returns null if the page cannot be processed, for example because it is too
 * large for memory.
 */
export function tryArticle(html: string, options: ArticleOptions = {}): string | null {
  try {
    return articleText(html, options);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return null;
  }
}
