/**
 * A page's main text: Mozilla's Readability finds the article, a second pass takes out what it leaves of the
 * page around it.
 *
 * @module
 */
import { Readability } from "@mozilla/readability";
import { removeBoilerplate, removeByRole } from "./boilerplate.ts";
import { type PageNode, pageText, parsePage, textOf } from "./page_text.ts";

/** Nesting beyond which no article is looked for: Readability walks by recursion. */
const DEEPEST = 500;

/** White space beyond this in a row tells nothing; Readability's time grows with the square of a run. */
const LONGEST_SPACE = 200;
const longSpace = new RegExp(`\\s{${LONGEST_SPACE + 1},}`, "g");

/**
 * A page's main text, without menus, captions, share bars, related links, comments and footers; paragraphs,
 * lists, code and tables stay. The whole text where there is no article, or where elements are nested more
 * than 500 deep.
 */
export function articleText(html: string): string {
  const page = parsePage(html.replace(longSpace, (run) => run.slice(0, LONGEST_SPACE)));
  if (deeperThan(page, DEEPEST)) return textOf(page);
  removeByRole(page.body ?? page);
  const content = articleOf(page);
  if (content === null) return pageText(html); // Readability has changed the page
  removeBoilerplate(content);
  return textOf(content) || pageText(html);
}

/**
 * The article's element; null where there is none, or where Readability trips over a page without a proper
 * root.
 */
function articleOf(page: any): PageNode | null {
  const options = { serializer: (node: PageNode) => node, keepClasses: true };
  try {
    return new Readability<PageNode>(page, options).parse()?.content ?? null;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return null;
  }
}

/**
 * As `articleText`; null for a page that the parser cannot take: it may overflow its stack, or name what it
 * does not know.
 */
export function tryArticle(html: string): string | null {
  try {
    return articleText(html);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return null;
  }
}

/** Without recursion. */
function deeperThan(root: PageNode, most: number): boolean {
  let depth = 0;
  for (let node: PageNode | null = root; node !== null;) {
    if (node.firstChild !== null) {
      node = node.firstChild;
      if (++depth > most) return true;
      continue;
    }
    while (node !== null && node !== root && node.nextSibling === null) {
      node = node.parentNode;
      depth--;
    }
    node = node === null || node === root ? null : node.nextSibling;
  }
  return false;
}
