/**
 * The main text of a web page: Mozilla's Readability finds the article, then `removeBoilerplate` removes
 * parts of the page around it that Readability has left in.
 *
 * @module
 */
import { Readability } from "@mozilla/readability";
import { removeBoilerplate, removeByRole } from "./boilerplate.ts";
import { type PageNode, pageText, parsePage, textOf } from "./page_text.ts";

/**
 * Maximum nesting depth of a page given to Readability, whose recursion could otherwise overflow the stack.
 */
const MAX_DEPTH = 500;

/**
 * Maximum length of a run of white space. Longer runs are shortened, because Readability's time grows with
 * the square of the length.
 */
const MAX_SPACES = 200;
const longSpace = new RegExp(`\\s{${MAX_SPACES + 1},}`, "g");

/**
 * Returns the main text of a page, without menus, captions, share bars, related links, comments and footers;
 * paragraphs, lists, code and tables are kept. For a page without an article, or nested more than 500 deep,
 * returns all its text.
 */
export function articleText(html: string): string {
  const page = parsePage(html.replace(longSpace, (run) => run.slice(0, MAX_SPACES)));
  if (deeperThan(page, MAX_DEPTH)) return textOf(page);
  removeByRole(page.body ?? page);
  const content = articleOf(page);
  if (content === null) return pageText(html); // parses again: Readability has changed `page`
  removeBoilerplate(content);
  return textOf(content) || pageText(html);
}

/**
 * Returns the element with the article, or null if there is none, or if Readability throws, as it does for a
 * page without a root element.
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
 * Works like `articleText`, but returns null if the parser throws, for example because of a stack overflow.
 */
export function tryArticle(html: string): string | null {
  try {
    return articleText(html);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return null;
  }
}

/** Returns whether a page is nested more than `limit` deep. */
function deeperThan(root: PageNode, limit: number): boolean {
  let depth = 0;
  for (let node: PageNode | null = root; node !== null;) {
    if (node.firstChild !== null) {
      node = node.firstChild;
      if (++depth > limit) return true;
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
