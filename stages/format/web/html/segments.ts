/**
 * Splits a page into segments: runs of text that a browser shows as one paragraph, item, cell or heading.
 *
 * @module
 */
import { formulaOf } from "./formula.ts";
import { PageElement, type PageNode, PageText } from "./node.ts";

/** A run of text between the edges of blocks. */
export interface Segment {
  /** The text as a browser shows it, its lines divided by "\n". */
  text: string;
  /** Innermost block that holds the segment. */
  readonly block: PageElement;
  /**
   * How the segment follows the one before it: in the same row of a table, on a new line, after a blank line.
   */
  readonly join: "cell" | "line" | "gap";
  /** Number of characters within links. */
  linked: number;
  /** Number of links. */
  links: number;
  /** Number of characters in bold. */
  bold: number;
  /** Whether it is a block whose white space is kept, such as `pre`. */
  readonly verbatim: boolean;
}

/** Which segments are wanted, and how they are written. */
export interface SegmentOptions {
  /** Whether parts that are hidden by their own attributes count (default false). */
  readonly hidden?: boolean;
  /** Whether code within a line is put in backquotes, and formulas between dollar signs (default false). */
  readonly markdown?: boolean;
}

const neverShown = new Set(
  ("script style noscript template head title iframe object embed applet svg select textarea datalist audio " +
    "video canvas map meta link base noframes rp rt").split(" "),
);
const gaps = new Set("p h1 h2 h3 h4 h5 h6 ul ol dl pre blockquote table hr figure listing xmp".split(" "));
const blocks = new Set(
  ("#document html body div li tr dt dd section article header footer nav aside main form center address " +
    "figcaption fieldset caption details summary thead tbody tfoot td th legend menu dir plaintext search " +
    "hgroup dialog frameset frame").split(" "),
);
const verbatim = new Set(["pre", "listing", "xmp", "plaintext"]);

/** Returns the segments below an element, in the order of the page; hidden parts and scripts are left out. */
export function segmentsOf(root: PageElement, options: SegmentOptions = {}): Segment[] {
  const walk = new Walk(options);
  walk.run(root);
  return walk.segments;
}

/** Returns whether an element is hidden from readers by its own attributes. */
function isHidden({ attributes }: PageElement): boolean {
  for (const { name, value } of attributes) {
    if (name === "hidden" && value !== "until-found") return true;
    if (name === "style" && /(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)/i.test(value)) {
      return true;
    }
  }
  return false;
}

function isBlock({ name, foreign }: PageElement): boolean {
  return foreign === "" && (gaps.has(name) || blocks.has(name));
}

function edgeOf(name: string): Segment["join"] {
  return name === "td" || name === "th" ? "cell" : gaps.has(name) ? "gap" : "line";
}

/** What becomes of white space: it is kept, or collapsed, or collapsed within lines. */
type Spacing = "keep" | "collapse" | "lines";

const spacings: Readonly<Record<string, Spacing>> = {
  "pre": "keep",
  "pre-wrap": "keep",
  "break-spaces": "keep",
  "preserve": "keep",
  "preserve-spaces": "keep",
  "pre-line": "lines",
  "preserve-breaks": "lines",
  "normal": "collapse",
  "nowrap": "collapse",
  "collapse": "collapse",
};

/** Returns what an element says about the white space within it; null if it says nothing. */
function spacingOf(element: PageElement): Spacing | null {
  const style = element.attribute("style");
  if (style !== "") {
    const found = /(?:^|;)\s*white-space(?:-collapse)?\s*:\s*([a-z-]+)/i.exec(style)?.[1].toLowerCase();
    if (found !== undefined && Object.hasOwn(spacings, found)) return spacings[found];
  }
  if (element.foreign !== "") return null;
  return verbatim.has(element.name) || isLineOfCode(element) ? "keep" : null;
}

/** Returns whether an element is a cell beside the number of a line, as in listings that are tables. */
function isLineOfCode({ name, parent }: PageElement): boolean {
  return name === "td" && parent !== null &&
    parent.children.some((cell) => cell instanceof PageElement && cell.has("data-line-number"));
}

/** A walk through a page. Uses no recursion, since pages can be nested deeply. */
class Walk {
  readonly segments: Segment[] = [];
  readonly #options: SegmentOptions;
  readonly #blocks: PageElement[] = [];
  #current: Segment | null = null;
  /** How the next segment follows the one before it. */
  #join: Segment["join"] = "gap";
  /** Whether white space stands before the next text, and how many line breaks. */
  #space = false;
  #breaks = 0;
  /** How many elements of a kind are open. */
  #links = 0;
  #bold = 0;
  /** What becomes of white space, by the elements that are open and say so, the innermost last. */
  readonly #spacing: { readonly spacing: Spacing; readonly isBlock: boolean }[] = [];

  constructor(options: SegmentOptions) {
    this.#options = options;
  }

  run(root: PageElement): void {
    const open: PageNode[] = [root];
    const entered: PageElement[] = [];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (node instanceof PageText) this.#add(node.value);
      else if (entered.at(-1) === node) {
        entered.pop();
        this.#leave(node);
      } else if (this.#enter(node)) {
        entered.push(node);
        open.push(node);
        for (let i = node.children.length - 1; i >= 0; i--) open.push(node.children[i]);
      }
    }
    this.#end();
  }

  /** Returns whether the walk continues within the element. */
  #enter(element: PageElement): boolean {
    const { name } = element;
    const formula = formulaOf(element);
    if (formula !== null) {
      if (formula !== "") this.#add(this.#options.markdown ? `$${formula}$` : formula);
      return false;
    }
    if (element.foreign === "svg" || neverShown.has(name)) return false;
    if (!this.#options.hidden && isHidden(element)) return false;
    if (name === "br") {
      this.#break();
      return false;
    }
    if (name === "a") {
      this.#links++;
      if (this.#current !== null) this.#current.links++;
    } else if (name === "b" || name === "strong") this.#bold++;
    else if (name === "code") this.#quote();
    const block = isBlock(element), spacing = spacingOf(element);
    if (block) {
      this.#edge(edgeOf(name));
      this.#blocks.push(element);
    }
    if (spacing !== null) this.#spacing.push({ spacing, isBlock: block });
    return true;
  }

  #leave(element: PageElement): void {
    const { name } = element;
    if (name === "a") this.#links--;
    else if (name === "b" || name === "strong") this.#bold--;
    else if (name === "code") this.#quote();
    if (isBlock(element)) {
      this.#edge(name === "tr" ? "line" : edgeOf(name));
      this.#blocks.pop();
    }
    if (spacingOf(element) !== null) this.#spacing.pop();
  }

  /** Ends the segment at the edge of a block. The widest of several edges in a row counts. */
  #edge(kind: Segment["join"]): void {
    if (this.#end() || kind === "gap" || this.#join === "cell") this.#join = kind;
  }

  #break(): void {
    if (this.#current === null) return;
    if (this.#keepsSpace) this.#current.text += "\n";
    else if (++this.#breaks === 2) this.#edge("gap");
  }

  /** Puts code within a line in backquotes. */
  #quote(): void {
    if (this.#options.markdown && !this.#keepsSpace) this.#add("`");
  }

  get #keepsSpace(): boolean {
    return this.#spacing.at(-1)?.spacing === "keep";
  }

  #add(value: string): void {
    const spacing = this.#spacing.at(-1)?.spacing;
    if (spacing === "keep") {
      const before = this.#between(false);
      this.#space = false;
      return this.#append(before + value.replace(/\r\n?/g, "\n"));
    }
    if (spacing === "lines" && /[\r\n]/.test(value)) {
      value.split(/\r\n?|\n/).forEach((line, i) => {
        if (i > 0) this.#break();
        this.#addCollapsed(line);
      });
    } else this.#addCollapsed(value);
  }

  #addCollapsed(value: string): void {
    // A soft hyphen and a no-break space say where lines may break, and a text has no such lines.
    const text = value.replace(/[ \t\r\n\f\u00a0]+/g, " ").replace(/[\u00ad\u200b\ufeff]/g, "");
    if (text === "") return;
    const starts = text.startsWith(" "), ends = text.endsWith(" ");
    const word = text.slice(starts ? 1 : 0, ends && text.length > 1 ? -1 : undefined);
    if (word !== "") {
      this.#append(this.#between(starts) + word);
      this.#space = false;
    }
    this.#space ||= ends;
  }

  /** Returns what stands between the text before and the next one. */
  #between(space: boolean): string {
    return this.#current === null ? "" : this.#breaks > 0 ? "\n" : this.#space || space ? " " : "";
  }

  #append(text: string): void {
    if (this.#current === null) {
      const block = this.#blocks.at(-1);
      if (block === undefined) return;
      this.#current = {
        text: "",
        block,
        join: this.#join,
        linked: 0,
        links: this.#links > 0 ? 1 : 0,
        bold: 0,
        verbatim: this.#spacing.at(-1)?.isBlock === true && this.#keepsSpace,
      };
    }
    this.#current.text += text;
    if (this.#links > 0) this.#current.linked += text.trim().length;
    if (this.#bold > 0) this.#current.bold += text.trim().length;
    this.#breaks = 0;
  }

  /** Ends the current segment. Returns whether it has text. */
  #end(): boolean {
    const segment = this.#current;
    this.#current = null;
    this.#space = false;
    this.#breaks = 0;
    if (segment === null) return false;
    segment.text = segment.verbatim ? segment.text.replace(/^\n+/, "").trimEnd() : segment.text.trim();
    if (segment.text.trim() === "") return false;
    this.segments.push(segment);
    this.#join = "line";
    return true;
  }
}

/** Returns the text of segments, as a browser shows it from top to bottom. */
export function joined(segments: readonly Segment[]): string {
  let text = "";
  for (const { text: own, join } of segments) {
    if (text !== "") text += join === "cell" ? " " : join === "line" ? "\n" : "\n\n";
    text += own;
  }
  return text;
}
