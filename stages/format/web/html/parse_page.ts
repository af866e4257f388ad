/**
 * Parses web pages as the HTML standard says, with parse5, in time that is linear in the page.
 *
 * @module
 */
import { html, Parser, type Token } from "parse5";
import type { PageElement } from "./node.ts";
import { PageTreeAdapter, TreeTooLarge, type TreeTypes } from "./tree_adapter.ts";

/**
 * Greatest number of open elements, the limit of Chrome. Elements beyond it are empty, and their texts
 * stand beside them in the deepest one. The parser looks through its open elements at every tag.
 */
const MAX_OPEN = 512;

/**
 * Greatest number of attributes of a tag; nobody writes more. The parser compares each attribute's name with
 * all before it.
 */
const MAX_ATTRIBUTES = 1000;

/**
 * Greatest size of a tree. The standard opens elements such as `b` again in each paragraph after the one that
 * they were left open in, so a page made for it could have a tree that grows with the square of its length.
 */
const limit = {
  elements: 1 << 20, // an element takes about 200 bytes of memory
  elementsPerTag: 8,
};

/**
 * Returns a page's tree, an element with the name `#document`. The scripting flag is off, so `noscript` has
 * elements. A page that would make the parser slow loses its tags and keeps its text: one with more than
 * 1,048,576 elements, or more than eight for each tag, or a tag of more than 1,000 attributes.
 *
 * @example
 * ```ts
 * import { parsePage } from "./parse_page.ts";
 *
 * const page = parsePage("<!DOCTYPE html><title>T</title><p>One");
 * console.log([...page.descendants()].map(({ name }) => name)); // [ "html", "head", "title", "body", "p" ]
 * ```
 */
export function parsePage(page: string): PageElement {
  try {
    if (!hasLongTag(page)) return parse(page);
  } catch (error) {
    if (!(error instanceof TreeTooLarge)) throw error;
  }
  return parse(page.replace(/<[^<>]*>/g, "\n"));
}

function parse(page: string): PageElement {
  return ShallowParser.parse<TreeTypes>(page, {
    treeAdapter: new PageTreeAdapter(limit),
    scriptingEnabled: false,
  });
}

/** Returns whether a tag has more attributes than the limit. */
function hasLongTag(page: string): boolean {
  const tag = /<[a-z][^>]{2000,}/gi; // an attribute takes at least two characters
  for (const { 0: text } of page.matchAll(tag)) {
    const unquoted = text.replace(/"[^"]*"|'[^']*'/g, "");
    if (unquoted.split(/[\s/]+/, MAX_ATTRIBUTES + 2).length > MAX_ATTRIBUTES + 1) return true;
  }
  return false;
}

/** A parser that does not open elements that are nested too deep. */
class ShallowParser extends Parser<TreeTypes> {
  /** Number of elements by name that were not opened, whose end tags must be ignored. */
  readonly #ignored = new Map<string, number>();

  override onStartTag(token: Token.TagToken): void {
    if (this.treeAdapter instanceof PageTreeAdapter) this.treeAdapter.countTag();
    if (this.openElements.stackTop < MAX_OPEN || neverIgnored.has(token.tagName)) {
      super.onStartTag(token);
    } else { // an empty element still divides the texts around it
      const element = this.treeAdapter.createElement(token.tagName, html.NS.HTML, []);
      if (this.openElements.current !== undefined) {
        this.treeAdapter.appendChild(this.openElements.current, element);
      }
      if (!token.selfClosing) this.#ignored.set(token.tagName, (this.#ignored.get(token.tagName) ?? 0) + 1);
    }
  }

  override onEndTag(token: Token.TagToken): void {
    const ignored = this.#ignored.get(token.tagName) ?? 0;
    if (ignored === 0) super.onEndTag(token);
    else this.#ignored.set(token.tagName, ignored - 1);
  }
}

/** Elements that change how the text after them is read, or that have no content. */
const neverIgnored = new Set(
  "script style textarea title xmp iframe noembed noframes plaintext br hr img input wbr".split(" "),
);
