/**
 * A web page as plain text, as a reader would see it from top to bottom. Source: HTML standard, "rendered
 * text".
 *
 * @module
 */
import { DOMParser } from "linkedom";

/** The part of a DOM node that is needed to traverse a page. */
export interface PageNode {
  readonly nodeType: number;
  readonly nodeName: string;
  readonly nodeValue: string | null;
  readonly firstChild: PageNode | null;
  readonly nextSibling: PageNode | null;
  readonly parentNode: PageNode | null;
}

const hiddenElements = new Set(
  "SCRIPT STYLE NOSCRIPT TEMPLATE HEAD TITLE IFRAME OBJECT SVG SELECT TEXTAREA".split(" "),
);
const paragraphs = new Set("P H1 H2 H3 H4 H5 H6 UL OL DL PRE BLOCKQUOTE TABLE HR FIGURE".split(" "));
const blocks = new Set(
  ("DIV LI TR DT DD SECTION ARTICLE HEADER FOOTER NAV ASIDE MAIN FORM CENTER ADDRESS FIGCAPTION " +
    "FIELDSET CAPTION DETAILS SUMMARY THEAD TBODY TFOOT BODY HTML").split(" "),
);

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
  return textOf(parsePage(html));
}

// A page within these limits is parsed in seconds. The time grows with the square of the nesting depth.
const MAX_DEPTH = 10_000;
const MAX_TAGS = 1 << 19; // each takes half a kilobyte of memory; a page of 1 MB has at most 350,000 tags
// Maximum number of steps of the parser. An end tag without a start tag takes a step for each open element; a
// tag in an svg element takes a step for each of its characters.
const MAX_STEPS = 1e9;

/**
 * A page's DOM document. A page with more than 524,288 tags or nested more than 10,000 deep is treated as an
 * attack: its tags are removed and only its text is parsed.
 */
export function parsePage(html: string): any {
  if (isCostly(html)) html = html.replace(/<[^<>]*>/g, "\n");
  // linkedom needs a root element.
  const rooted = /<html[\s>]/i.test(html) ? html : `<html><body>${html}</body></html>`;
  return new DOMParser().parseFromString(rooted, "text/html");
}

const voidElements = new Set(
  "area base br col embed hr img input link meta param source track wbr".split(" "),
);
/** Elements that end where the next element of the same name begins. */
const selfEnding = new Set("p li dt dd tr td th option".split(" "));

/**
 * Returns whether parsing a page would exceed the limits. Tracks the open elements by looking only at the
 * tags.
 */
function isCostly(html: string): boolean {
  const open: string[] = [];
  const counts = new Map<string, number>();
  let tags = 0, steps = 0;
  for (const { 1: end, 2: written, index } of html.matchAll(/<(\/?)([a-z][^\s/>]*)/gi)) {
    if (++tags > MAX_TAGS) return true;
    const name = written.toLowerCase();
    const count = counts.get(name) ?? 0;
    if (end === "") {
      if (voidElements.has(name) || selfEnding.has(name) && open.at(-1) === name) continue;
      if ((counts.get("svg") ?? 0) > 0) { // elements within svg may be self-closing: <path d="…"/>
        const close = html.indexOf(">", index);
        steps += (close < 0 ? html.length : close) - index;
        if (steps > MAX_STEPS) return true;
        if (html[close - 1] === "/") continue;
      }
      counts.set(name, count + 1);
      if (open.push(name) > MAX_DEPTH) return true;
    } else if (count === 0) {
      steps += open.length;
      if (steps > MAX_STEPS) return true;
    } else {
      for (let last = ""; last !== name;) {
        last = open.pop() ?? name;
        counts.set(last, (counts.get(last) ?? 1) - 1);
      }
    }
  }
  return false;
}

/** The text under a node. Uses no recursion, since pages can be nested very deeply. */
export function textOf(root: PageNode): string {
  const out = new Lines();
  let node: PageNode | null = root;
  while (node !== null) {
    const name: string = node.nodeName.toUpperCase();
    if (node.nodeType === 3) out.add(node.nodeValue ?? "");
    else if (name === "BR") out.end();
    const shown = node.nodeType !== 3 && !hiddenElements.has(name);
    if (shown) out.enter(name);
    if (shown && node.firstChild !== null) {
      node = node.firstChild;
      continue;
    }
    if (shown) out.leave(name);
    while (node !== null && node !== root && node.nextSibling === null) {
      node = node.parentNode;
      if (node !== null) out.leave(node.nodeName.toUpperCase());
    }
    node = node === null || node === root ? null : node.nextSibling;
  }
  return out.text();
}

/** The lines of a text as a browser would break them. */
class Lines {
  readonly #done: string[] = [];
  #line = "";
  #pre = 0;

  add(value: string): void {
    if (this.#pre > 0) {
      const [first, ...rest] = value.split(/\r?\n/);
      this.#line += first;
      for (const line of rest) {
        this.end();
        this.#line = line;
      }
    } else {
      const shown = value.replace(/[ \t\r\n\f]+/g, " ");
      this.#line += /^$|\s$/.test(this.#line.slice(-1)) ? shown.replace(/^ /, "") : shown;
    }
  }

  /** Ends the line. Keeps only one of several blank lines in a row, and none at the top. */
  end(): void {
    const line = this.#line.trimEnd();
    if (line !== "" || (this.#done.length > 0 && this.#done.at(-1) !== "")) this.#done.push(line);
    this.#line = "";
  }

  enter(name: string): void {
    this.#block(name);
    if (name === "PRE") this.#pre++;
  }

  leave(name: string): void {
    if (name === "PRE") this.#pre--;
    if (name === "TD" || name === "TH") this.#line += " ";
    this.#block(name);
  }

  text(): string {
    this.end();
    return this.#done.join("\n").trim();
  }

  #block(name: string): void {
    const gap = paragraphs.has(name);
    if (!gap && !blocks.has(name)) return;
    if (this.#line.trim() !== "") this.end();
    this.#line = "";
    if (gap) this.end();
  }
}
