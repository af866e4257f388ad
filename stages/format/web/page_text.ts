/**
 * A page as plain text, as a reader would see it from top to bottom. Source: HTML standard, "rendered text".
 *
 * @module
 */
import { DOMParser } from "linkedom";

/** What the walk needs of a DOM node. */
export interface PageNode {
  readonly nodeType: number;
  readonly nodeName: string;
  readonly nodeValue: string | null;
  readonly firstChild: PageNode | null;
  readonly nextSibling: PageNode | null;
  readonly parentNode: PageNode | null;
}

const unseen = new Set(
  "SCRIPT STYLE NOSCRIPT TEMPLATE HEAD TITLE IFRAME OBJECT SVG SELECT TEXTAREA".split(" "),
);
const paragraphs = new Set("P H1 H2 H3 H4 H5 H6 UL OL DL PRE BLOCKQUOTE TABLE HR FIGURE".split(" "));
const blocks = new Set(
  ("DIV LI TR DT DD SECTION ARTICLE HEADER FOOTER NAV ASIDE MAIN FORM CENTER ADDRESS FIGCAPTION " +
    "FIELDSET CAPTION DETAILS SUMMARY THEAD TBODY TFOOT BODY HTML").split(" "),
);

/**
 * All the text a page shows: a line for each block, a blank line around paragraphs, white space collapsed as
 * a browser does (kept in `pre`). No scripts, styles, form contents.
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

// What the parser takes in good time and memory; its time grows with the square of the nesting.
const DEEPEST = 10_000;
const MOST_TAGS = 1 << 19; // an element takes half a kilobyte; a megabyte of page has 350,000 at most
const MOST_STEPS = 1e9; // through open elements for end tags of what is not open, and through tags of drawings

/**
 * A page's document; of one with more than 524,288 tags or nested more than 10,000 deep, an attack, only the
 * text.
 */
export function parsePage(html: string): any {
  if (isCostly(html)) html = html.replace(/<[^<>]*>/g, "\n");
  const whole = /<html[\s>]/i.test(html) ? html : `<html><body>${html}</body></html>`; // linkedom wants a root
  return new DOMParser().parseFromString(whole, "text/html");
}

const voids = new Set("area base br col embed hr img input link meta param source track wbr".split(" "));
const siblings = new Set("p li dt dd tr td th option".split(" ")); // one that is open ends where the next begins

/** By a look at the tags: which elements the parser would hold open. */
function isCostly(html: string): boolean {
  const open: string[] = [];
  const counts = new Map<string, number>();
  let tags = 0, steps = 0;
  for (const { 1: end, 2: written, index } of html.matchAll(/<(\/?)([a-z][^\s/>]*)/gi)) {
    if (++tags > MOST_TAGS) return true;
    const name = written.toLowerCase();
    const count = counts.get(name) ?? 0;
    if (end === "") {
      if (voids.has(name) || siblings.has(name) && open.at(-1) === name) continue;
      if ((counts.get("svg") ?? 0) > 0) { // a drawing's elements may end themselves: <path d="…"/>
        const close = html.indexOf(">", index);
        steps += (close < 0 ? html.length : close) - index;
        if (steps > MOST_STEPS) return true;
        if (html[close - 1] === "/") continue;
      }
      counts.set(name, count + 1);
      if (open.push(name) > DEEPEST) return true;
    } else if (count === 0) {
      steps += open.length;
      if (steps > MOST_STEPS) return true;
    } else {
      for (let last = ""; last !== name;) {
        last = open.pop() ?? name;
        counts.set(last, (counts.get(last) ?? 1) - 1);
      }
    }
  }
  return false;
}

/** The text under a node. Walks without recursion: nesting is as deep as a page's author likes. */
export function textOf(root: PageNode): string {
  const out = new Lines();
  let node: PageNode | null = root;
  while (node !== null) {
    const name: string = node.nodeName.toUpperCase();
    if (node.nodeType === 3) out.add(node.nodeValue ?? "");
    else if (name === "BR") out.end();
    const shown = node.nodeType !== 3 && !unseen.has(name);
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

/** Lines as a browser would lay them out. */
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

  /** Ends the line, blank or not; at most one blank line in a row, none at the top. */
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
