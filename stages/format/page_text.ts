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
 * All the text a page shows: a line for each block, a blank line around paragraphs, white space collapsed as a
 * browser does (kept in `pre`). No scripts, styles, form contents.
 *
 * @example
 * ```ts
 * pageText("<p>One <b>and</b>\n two</p><p>Three<br>four</p>"); // "One and two\n\nThree\nfour"
 * ```
 */
export function pageText(html: string): string {
  return textOf(parsePage(html));
}

/** Nesting that the parser takes in good time; its time grows with the square. */
const DEEPEST = 10_000;

/** A page's document; of one nested more than 10,000 deep, which is an attack, only the text. */
export function parsePage(html: string): any {
  if (nesting(html) > DEEPEST) html = html.replace(/<[^<>]*>/g, "\n");
  const whole = /<html[\s>]/i.test(html) ? html : `<html><body>${html}</body></html>`; // linkedom wants a root
  return new DOMParser().parseFromString(whole, "text/html");
}

/** At most as deep as this are elements nested, by a look at the tags. */
function nesting(html: string): number {
  let depth = 0, most = 0;
  for (const [, end] of html.matchAll(/<(\/?)[a-z]/gi)) {
    depth = Math.max(0, depth + (end === "" ? 1 : -1));
    most = Math.max(most, depth);
  }
  return most;
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
