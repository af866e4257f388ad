/**
 * What holds the segments of a page: sums over the segments within each element, the roles that elements
 * state, the holders of most prose, and parts that repeat.
 *
 * @module
 */
import { PageElement, writtenText } from "./node.ts";
import { roles, rolesIn, type RoleStrengths, wordsOf } from "./names.ts";
import { isProse, weightOf } from "./prose.ts";
import type { Segment } from "./segments.ts";

/** Sums over the segments within an element. */
export interface Totals {
  /** Characters, those of scripts without spaces as three. */
  chars: number;
  /** Characters within links. */
  linked: number;
  /** Number of segments. */
  segments: number;
  /** Characters of segments that read as prose. */
  prose: number;
  /** Score as the holder of an article. */
  score: number;
}

/** Siblings that look alike, such as the cards of a list of articles. */
export interface Repetition {
  /** Number of the siblings. */
  readonly count: number;
  /** Share of their characters that are within links. */
  readonly linked: number;
}

const none: Readonly<Totals> = { chars: 0, linked: 0, segments: 0, prose: 0, score: 0 };
const figureContent = new Set(["pre", "code", "table", "blockquote"]);
const ARTICLE = 500; // characters of prose beside which comments are comments and not what a page is about
const MAX_HEADING = 500; // characters of a heading that an id may repeat

/** A page by its segments. */
export class PageStructure {
  /** Lengths of the segments, `[segments]`: see `weightOf`. */
  readonly weights: Float64Array;
  /** For each segment 1 if it reads as prose, otherwise 0: `[segments]`. */
  readonly prose: Uint8Array;
  /** For each segment the elements that hold it, the innermost first. */
  readonly paths: PageElement[][] = [];
  readonly #totals = new Map<PageElement, Totals>();
  readonly #names = new Map<PageElement, RoleStrengths>();
  readonly #figures = new Map<PageElement, boolean>();
  readonly #templates = new Map<PageElement, Map<string, Repetition>>();

  /** The structure of a page with these segments. */
  constructor(segments: readonly Segment[]) {
    this.weights = new Float64Array(segments.length);
    this.prose = new Uint8Array(segments.length);
    segments.forEach((segment, i) => this.#count(segment, i));
  }

  #count(segment: Segment, i: number): void {
    const weight = this.weights[i] = weightOf(segment.text);
    const prose = this.prose[i] = Number(isProse(segment));
    const score = weight < 25
      ? 0
      : (1 + (segment.text.match(/[,،、，;；]/g)?.length ?? 0) + Math.min(weight / 100, 3)) *
        (1 - segment.linked / Math.max(1, segment.text.length));
    const path = segment.block.path();
    this.paths.push(path);
    path.forEach((element, up) => {
      let totals = this.#totals.get(element);
      if (totals === undefined) this.#totals.set(element, totals = { ...none });
      totals.chars += weight;
      totals.linked += segment.linked * weight / Math.max(1, segment.text.length);
      totals.segments++;
      totals.prose += prose * weight;
      // A paragraph speaks for its parent, and less for what is farther up.
      totals.score += up === 0
        ? (segment.block.name === "p" ? 0 : score)
        : score / (up <= 1 ? 1 : up === 2 ? 2 : 3 * up);
    });
  }

  /** Returns the sums of an element; zeros if it holds no segments. */
  totalsOf(element: PageElement | undefined): Readonly<Totals> {
    return element === undefined ? none : this.#totals.get(element) ?? none;
  }

  /** Returns the strengths of the roles that an element's names state, in the order of `roles`. */
  rolesOf(element: PageElement): RoleStrengths {
    let strengths = this.#names.get(element);
    if (strengths !== undefined) return strengths;
    const id = element.attribute("id"), role = element.attribute("role");
    const names = [
      element.attribute("class"),
      isSlug(element, id) ? "" : id,
      role === "main" ? "content" : role === "contentinfo" ? "footer" : role === "banner" ? "header" : role,
      element.attribute("itemprop") === "articleBody" ? "content" : "",
    ];
    strengths = rolesIn(names.filter((name) => name !== "").join(" "));
    this.#names.set(element, strengths);
    return strengths;
  }

  /** Returns whether a figure holds code, a table or a quotation and not only a picture. */
  holdsContent(figure: PageElement): boolean {
    let holds = this.#figures.get(figure);
    if (holds === undefined) {
      holds = figure.descendants().some(({ name }) => figureContent.has(name));
      this.#figures.set(figure, holds);
    }
    return holds;
  }

  /** Returns the element with the best score as the holder of an article. */
  top(): PageElement | undefined {
    let best: PageElement | undefined, most = -1;
    for (const [element, totals] of this.#totals) {
      if (element.name === "#document" || element.name === "html") continue;
      const score = totals.score * (1 - totals.linked / Math.max(1, totals.chars));
      if (score > most) [best, most] = [element, score];
    }
    return best;
  }

  /** Returns the smallest element that still has most of the page's prose. */
  core(root: PageElement, prose: number): PageElement {
    let core = root;
    for (;;) {
      const next: PageElement | undefined = core.children.find((child): child is PageElement =>
        child instanceof PageElement && this.totalsOf(child).prose > 0.6 * prose
      );
      if (next === undefined) return core;
      core = next;
    }
  }

  /**
   * Returns how strongly each segment is said to be a comment of a reader, from 0 to 1, `[segments]`, and how
   * much there is for it to be a comment on, from 0 to 1. Where hardly any prose stands beside the comments,
   * as in a forum, they are what the page is about.
   */
  comments(): { readonly strengths: Float64Array; readonly subject: number } {
    const at = roles.indexOf("comments");
    const strengths = Float64Array.from(
      this.paths,
      (path) => path.reduce((most, element) => Math.max(most, this.rolesOf(element)[at]), 0),
    );
    const beside = this.weights.reduce(
      (sum, weight, i) => sum + (strengths[i] < 1 ? this.prose[i] * weight : 0),
      0,
    );
    const subject = Math.min(1, beside / ARTICLE);
    return { strengths: strengths.map((strength) => strength * subject), subject };
  }

  /** Returns the segments to the next prose before (-1) or after (1) each segment. */
  distances(step: 1 | -1): Float64Array {
    const n = this.prose.length, out = new Float64Array(n);
    let distance = n;
    for (let k = 0; k < n; k++) {
      const i = step < 0 ? k : n - 1 - k;
      out[i] = distance;
      distance = this.prose[i] ? 1 : distance + 1;
    }
    return out;
  }

  /** Returns how many siblings look like the card that a segment is in, and the share of links in them. */
  card(path: readonly PageElement[]): Repetition {
    for (let up = 0; up < Math.min(5, path.length - 1); up++) {
      const siblings = this.#templatesOf(path[up + 1]).get(templateOf(path[up]));
      if (siblings !== undefined && siblings.count >= 3) return siblings;
    }
    return { count: 0, linked: 0 };
  }

  #templatesOf(parent: PageElement): Map<string, Repetition> {
    let found = this.#templates.get(parent);
    if (found !== undefined) return found;
    const sums = new Map<string, { count: number; chars: number; linked: number }>();
    for (const child of parent.children) {
      if (!(child instanceof PageElement)) continue;
      const totals = this.#totals.get(child);
      if (totals === undefined) continue;
      const key = templateOf(child);
      const sum = sums.get(key) ?? { count: 0, chars: 0, linked: 0 };
      sum.count++;
      sum.chars += totals.chars;
      sum.linked += totals.linked;
      sums.set(key, sum);
    }
    found = new Map(
      [...sums].map((
        [key, { count, chars, linked }],
      ) => [key, { count, linked: linked / Math.max(1, chars) }]),
    );
    this.#templates.set(parent, found);
    return found;
  }

  /** Returns the sums of all segments of each style: see `styleOf`. */
  styles(): Map<string, { chars: number; prose: number }> {
    const styles = new Map<string, { chars: number; prose: number }>();
    this.paths.forEach((path, i) => {
      const key = styleOf(path);
      const sum = styles.get(key) ?? { chars: 0, prose: 0 };
      sum.chars += this.weights[i];
      sum.prose += this.prose[i] * this.weights[i];
      styles.set(key, sum);
    });
    return styles;
  }

  /**
   * Returns the characters of the largest element, of less than nearly the whole page, that says it holds the
   * content; 0 if that is less than a tenth of the page's `chars`.
   */
  contentChars(chars: number): number {
    const at = roles.indexOf("content");
    let most = 0;
    for (const [element, totals] of this.#totals) {
      if (totals.chars < 0.95 * chars && this.rolesOf(element)[at] === 1) most = Math.max(most, totals.chars);
    }
    return most > 0.1 * chars ? most : 0;
  }
}

/** Returns whether an id only repeats the heading of its section, as generated pages do: `related-work`. */
function isSlug(element: PageElement, id: string): boolean {
  if (id === "") return false;
  for (const child of element.children.slice(0, 3)) {
    if (!(child instanceof PageElement) || !/^h[1-6]$/.test(child.name)) continue;
    const heading = new Set(wordsOf(writtenText(child).slice(0, MAX_HEADING)));
    return wordsOf(id).every((word) => heading.has(word));
  }
  return /^h[1-6]$/.test(element.name);
}

/** Returns the style of a segment: its block with its class, and the two holders around it with theirs. */
export function styleOf(path: readonly PageElement[]): string {
  return path.slice(0, 3).map(templateOf).join("<");
}

function templateOf(element: PageElement): string {
  return `${element.name} ${element.attribute("class").replace(/\d+/g, "0")}`;
}
