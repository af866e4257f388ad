/**
 * The tree of a web page: elements and texts, and nothing that only a browser needs.
 *
 * @module
 */

/** A text. */
export class PageText {
  /** The element that holds the text. */
  parent: PageElement | null = null;

  /** `value` is the text as written, with its white space. */
  constructor(public value: string) {}
}

/** A node of a page: an element or a text. Comments and processing instructions are left out. */
export type PageNode = PageElement | PageText;

/** An element; the page itself is an element with the name `#document`. */
export class PageElement {
  /** The element that holds this one; null for a page. */
  parent: PageElement | null = null;
  /** The nodes within the element, in order. Those of a `template` are within an element `#fragment`. */
  children: PageNode[] = [];

  /**
   * `name` is the element's name, in lower case for HTML; `attributes` have no two of the same name;
   * `foreign` is `svg` or `math` for an element of these languages, otherwise empty.
   */
  constructor(
    readonly name: string,
    readonly attributes: { name: string; value: string }[] = [],
    readonly foreign: "" | "svg" | "math" = "",
  ) {}

  /** Returns an attribute's value; "" if the element does not have it. */
  attribute(name: string): string {
    for (const attribute of this.attributes) if (attribute.name === name) return attribute.value;
    return "";
  }

  /** Returns whether the element has an attribute, even an empty one. */
  has(name: string): boolean {
    return this.attributes.some((attribute) => attribute.name === name);
  }

  /** Returns the element and those around it, the innermost first. */
  path(): PageElement[] {
    const path: PageElement[] = [this];
    for (let at = this.parent; at !== null; at = at.parent) path.push(at);
    return path;
  }

  /** Yields the elements within this one, in the order of the page. Uses no recursion. */
  *descendants(): Generator<PageElement> {
    const open: PageNode[] = this.children.toReversed();
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (node instanceof PageText) continue;
      for (let i = node.children.length - 1; i >= 0; i--) open.push(node.children[i]);
      yield node;
    }
  }
}

/** Returns the text within an element as written, scripts and hidden parts included. */
export function writtenText(root: PageElement): string {
  let text = "";
  const open: PageNode[] = root.children.toReversed();
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node instanceof PageText) text += node.value;
    else for (let i = node.children.length - 1; i >= 0; i--) open.push(node.children[i]);
  }
  return text;
}
