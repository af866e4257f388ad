/**
 * A web page as plain text, as a reader would see it from top to bottom. Source: HTML standard, "rendered
 * text".
 *
 * @module
 */
import { parsePage } from "./html/parse_page.ts";
import { joined, segmentsOf } from "./html/segments.ts";

/**
 * Returns all visible text of a page: one line for each block, with blank lines around paragraphs. White
 * space is collapsed as in a browser, except in `pre`. Scripts, styles and form contents are left out.
 *
 * @example
 * ```ts
 * import { pageText } from "./page_text.ts";
 *
 * console.log(pageText("<p>One <b>and</b> two</p><p>Three<br>four</p>")); // "One and two\n\nThree\nfour"
 * ```
 */
export function pageText(html: string): string {
  return joined(segmentsOf(parsePage(html)));
}
