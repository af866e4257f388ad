/**
 * Numbers that describe each segment of a page: its text, its links, where it stands, and what holds it. They
 * depend on structure and on names of classes; no word of the text counts.
 *
 * @module
 */
import { PageElement } from "./node.ts";
import { roles, rolesIn, type RoleStrengths, wordsOf } from "./names.ts";
import type { Segment } from "./segments.ts";

/** Sums over the segments within an element. */
interface Totals {
  chars: number;
  linked: number;
  links: number;
  segments: number;
  /** Characters of segments that read as prose. */
  prose: number;
  /** Segments that read as prose. */
  paragraphs: number;
  /** Score as the holder of an article. */
  score: number;
  readonly depth: number;
  first: number;
  last: number;
}

const tags = [
  "nav",
  "aside",
  "header",
  "footer",
  "form",
  "article",
  "main",
  "section",
  "figure",
  "table",
  "ul",
  "li",
  "dl",
  "blockquote",
  "pre",
  "a",
  "button",
  "label",
  "address",
  "details",
] as const;

const own = ["p", "li", "h1", "h2", "h3", "h4", "td", "div", "pre", "dd", "dt", "th", "figcaption"] as const;

/** Names of the features, in their order. */
export const featureNames: readonly string[] = [
  ...[
    "logLength",
    "words",
    "linkShare",
    "links",
    "boldShare",
    "sentenceEnds",
    "commas",
    "digits",
    "upper",
    "endsSentence",
    "lines",
    "wordLength",
  ],
  ...own.map((tag) => `is:${tag}`),
  ...tags.map((tag) => `in:${tag}`),
  ...roles.map((role) => `role:${role}`),
  ...roles.map((role) => `near:${role}`),
  ...[
    "depth",
    "position",
    "positionInProse",
    "afterHeading",
    "beforeProse",
    "afterProse",
    "inTop",
    "inTopParent",
    "topShare",
    "inCore",
    "coreShare",
    "contentElsewhere",
    "articleElsewhere",
  ],
  ...[1, 2, 3].flatMap((
    n,
  ) => [`up${n}:logLength`, `up${n}:linkShare`, `up${n}:proseShare`, `up${n}:segments`, `up${n}:mean`]),
  ...[
    "group:share",
    "group:proseShare",
    "repeated",
    "repeatedLinked",
    "sameStyle",
    "sameStyleProse",
    "sameText",
    "isTitle",
  ],
  ...["pageProse", "pageSegments", "pageLinkShare", "pageChars", "foldedArticles"],
  ...[-2, -1, 1, 2].flatMap((
    n,
  ) => [`at${n}:logLength`, `at${n}:linkShare`, `at${n}:prose`, `at${n}:sameParent`]),
  ...["toProseBefore", "toProseAfter", "outside", "hiddenForSome"],
];

/** The features of a page's segments. */
export interface PageFeatures {
  /** `[segments, features]`, row after row. */
  readonly rows: Float32Array;
}

const figureContent = new Set(["pre", "code", "table", "blockquote"]);
const sentenceEnd = /[.!?…。！？।؟۔։።]["'”’»)\]」』]*(?:\s|$)|[。！？]/gu;

/** Returns whether a segment reads as prose: long enough, with few links. */
export function isProse(segment: Segment): boolean {
  return weightOf(segment.text) >= 80 && segment.linked < 0.35 * segment.text.length;
}

/** Returns the length of a text; a character of a script without spaces counts as three. */
export function weightOf(text: string): number {
  let wide = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x2e80 && code < 0xfb00 || code >= 0x0e00 && code < 0x0f00) wide++;
  }
  return text.length + 2 * wide;
}

/** Returns the features of all segments of a page. */
export function featuresOf(segments: readonly Segment[], title: string): PageFeatures {
  return new Page(segments, title).features();
}

class Page {
  readonly totals = new Map<PageElement, Totals>();
  readonly #weights: Float64Array;
  readonly #prose: Uint8Array;
  readonly #paths: PageElement[][] = [];
  readonly #names = new Map<PageElement, RoleStrengths>();

  constructor(readonly segments: readonly Segment[], readonly title: string) {
    this.#weights = new Float64Array(segments.length);
    this.#prose = new Uint8Array(segments.length);
    segments.forEach((segment, i) => this.#count(segment, i));
  }

  #count(segment: Segment, i: number): void {
    const weight = this.#weights[i] = weightOf(segment.text);
    const prose = this.#prose[i] = Number(isProse(segment));
    const score = weight < 25
      ? 0
      : (1 + (segment.text.match(/[,،、，;；]/g)?.length ?? 0) + Math.min(weight / 100, 3)) *
        (1 - segment.linked / Math.max(1, segment.text.length));
    const path: PageElement[] = [];
    for (let at: PageElement | null = segment.block; at !== null; at = at.parent) path.push(at);
    this.#paths.push(path);
    path.forEach((element, up) => {
      let totals = this.totals.get(element);
      if (totals === undefined) {
        totals = {
          chars: 0,
          linked: 0,
          links: 0,
          segments: 0,
          prose: 0,
          paragraphs: 0,
          score: 0,
          depth: path.length - up,
          first: i,
          last: i,
        };
        this.totals.set(element, totals);
      }
      totals.chars += weight;
      totals.linked += segment.linked * weight / Math.max(1, segment.text.length);
      totals.links += segment.links;
      totals.segments++;
      totals.prose += prose * weight;
      totals.paragraphs += prose;
      totals.last = i;
      // A paragraph speaks for its parent, and less for what is farther up.
      totals.score += up === 0
        ? (segment.block.name === "p" ? 0 : score)
        : score / (up <= 1 ? 1 : up === 2 ? 2 : 3 * up);
    });
  }

  #totalsOf(element: PageElement | undefined): Totals {
    return this.totals.get(element!) ??
      {
        chars: 0,
        linked: 0,
        links: 0,
        segments: 0,
        prose: 0,
        paragraphs: 0,
        score: 0,
        depth: 0,
        first: 0,
        last: 0,
      };
  }

  #roles(element: PageElement): RoleStrengths {
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

  features(): PageFeatures {
    const { segments } = this;
    const n = segments.length, width = featureNames.length;
    const rows = new Float32Array(n * width);
    if (n === 0) return { rows };
    const page = this.#totalsOf(this.#paths[0].at(-1));
    const top = this.#top();
    const core = this.#core(this.#paths[0].at(-1)!, page.prose);
    const topTotals = this.#totalsOf(top), coreTotals = this.#totalsOf(core);
    const styles = this.#styles();
    const texts = new Map<string, number>();
    for (const { text } of segments) texts.set(text, (texts.get(text) ?? 0) + 1);
    const h1 = segments.findIndex((segment) => segment.block.name === "h1");
    const proseBefore = new Float64Array(n + 1);
    for (let i = 0; i < n; i++) proseBefore[i + 1] = proseBefore[i] + this.#prose[i] * this.#weights[i];
    const lastProse = this.#distances(-1), nextProse = this.#distances(1);
    const articles = new Set(
      this.#paths.flatMap((path) => path.filter((element) => element.name === "article")),
    );
    const mainArticle = Math.max(0, ...[...articles].map((article) => this.#totalsOf(article).prose));
    const contentChars = this.#contentChars(page.chars);
    const title = squeezed(this.title);

    for (let i = 0; i < n; i++) {
      const segment = segments[i], path = this.#paths[i], { text } = segment;
      const length = Math.max(1, text.length), weight = this.#weights[i];
      let at = i * width;
      const put = (value: number) => void (rows[at++] = value);
      put(Math.log1p(weight));
      put(Math.min(60, text.split(" ").length));
      put(segment.linked / length);
      put(Math.min(10, segment.links));
      put(segment.bold / length);
      put(Math.min(10, text.match(sentenceEnd)?.length ?? 0));
      put(Math.min(10, text.match(/[,،、，;；]/g)?.length ?? 0));
      put((text.match(/\d/g)?.length ?? 0) / length);
      put((text.match(/\p{Lu}/gu)?.length ?? 0) / length);
      put(Number(/[.!?…。！？।؟۔:]["'”’»)\]」』]*$/u.test(text)));
      put(Math.min(10, text.split("\n").length));
      put(Math.min(20, length / text.split(/\s/).length));
      for (const tag of own) put(Number(segment.block.name === tag));
      const inside = new Float64Array(tags.length);
      const role = new Float64Array(roles.length), near = new Float64Array(roles.length);
      let articlesAbove = 0;
      path.forEach((element, up) => {
        const share = this.#totalsOf(element).chars / page.chars;
        const tag = tags.indexOf(element.name as typeof tags[number]);
        if (tag >= 0 && !(tags[tag] === "figure" && this.#holdsContent(element))) {
          inside[tag] = Math.max(inside[tag], 1 - 0.8 * share);
        }
        if (element.name === "article") articlesAbove++;
        const strengths = this.#roles(element);
        for (let r = 0; r < roles.length; r++) {
          if (strengths[r] === 0) continue;
          const strength = roles[r] === "content"
            ? strengths[r] * Math.min(1, 2 * share + 0.1)
            : strengths[r] * Math.max(0, 1 - 1.25 * share);
          role[r] = Math.max(role[r], strength);
          if (up <= 2) near[r] = Math.max(near[r], strength);
        }
      });
      inside.forEach(put);
      role.forEach(put);
      near.forEach(put);
      put(path.length);
      put(i / n);
      put(page.prose === 0 ? 0.5 : proseBefore[i] / page.prose);
      put(h1 < 0 ? 0 : Math.sign(i - h1) * Math.log1p(Math.abs(i - h1)));
      put(Number(proseBefore[i] === 0));
      put(Number(proseBefore[i] === page.prose));
      put(Number(path.includes(top!)));
      put(Number(top?.parent !== null && path.includes(top!.parent!)));
      put(topTotals.prose / Math.max(1, page.prose));
      put(Number(path.includes(core)));
      put(coreTotals.chars / Math.max(1, page.chars));
      put(Number(contentChars > 0 && role[roles.indexOf("content")] < 0.1));
      put(Number(mainArticle > 0.2 * page.prose && articlesAbove === 0));
      for (const up of [1, 2, 3]) {
        const totals = this.#totalsOf(path[Math.min(up, path.length - 1)]);
        put(Math.log1p(totals.chars));
        put(totals.linked / Math.max(1, totals.chars));
        put(totals.prose / Math.max(1, page.prose));
        put(Math.log1p(totals.segments));
        put(Math.log1p(totals.chars / Math.max(1, totals.segments)));
      }
      // The largest ancestor that has less than half of the page.
      const group = this.#totalsOf(
        path.findLast((element) => this.#totalsOf(element).chars < 0.5 * page.chars) ?? path[0],
      );
      put(group.chars / page.chars);
      put(group.prose / Math.max(1, group.chars));
      const card = this.#card(path);
      put(Math.log1p(card.count));
      put(card.linked);
      const style = styles.get(styleOf(path))!;
      put(Math.log1p(style.chars));
      put(style.prose / Math.max(1, style.chars));
      put(Number(texts.get(text)! > 1));
      put(
        Number(
          title !== "" && text.length > 3 && (squeezed(text) === title || title.startsWith(squeezed(text))),
        ),
      );
      put(Math.log1p(page.prose));
      put(Math.log1p(n));
      put(page.linked / page.chars);
      put(Math.log1p(page.chars));
      put(Math.log1p(articles.size));
      for (const step of [-2, -1, 1, 2]) {
        const other = segments[i + step];
        put(other === undefined ? 0 : Math.log1p(this.#weights[i + step]));
        put(other === undefined ? 1 : other.linked / Math.max(1, other.text.length));
        put(other === undefined ? 0 : this.#prose[i + step]);
        put(other === undefined ? 0 : Number(other.block.parent === segment.block.parent));
      }
      put(Math.log1p(lastProse[i]));
      put(Math.log1p(nextProse[i]));
      put(
        Number(
          !path.some((element) => element === core || element.name === "main" || element.name === "article"),
        ),
      );
      put(Number(path.some((element) => element.attribute("aria-hidden") === "true")));
    }
    return { rows };
  }

  /** Returns whether a figure holds code, a table or a quotation and not only a picture. */
  #holdsContent(figure: PageElement): boolean {
    let holds = this.#figures.get(figure);
    if (holds === undefined) {
      holds = figure.descendants().some(({ name }) => figureContent.has(name));
      this.#figures.set(figure, holds);
    }
    return holds;
  }

  readonly #figures = new Map<PageElement, boolean>();

  /** Returns the element with the best score as the holder of an article. */
  #top(): PageElement | undefined {
    let best: PageElement | undefined, most = -1;
    for (const [element, totals] of this.totals) {
      if (element.name === "#document" || element.name === "html") continue;
      const score = totals.score * (1 - totals.linked / Math.max(1, totals.chars));
      if (score > most) [best, most] = [element, score];
    }
    return best;
  }

  /** Returns the smallest element that still has most of the page's prose. */
  #core(root: PageElement, prose: number): PageElement {
    let core = root;
    for (;;) {
      const next: PageElement | undefined = core.children.find((child): child is PageElement =>
        child instanceof PageElement && this.#totalsOf(child).prose > 0.6 * prose
      );
      if (next === undefined) return core;
      core = next;
    }
  }

  /** Returns the segments to the next prose before (-1) or after (1) each segment. */
  #distances(step: 1 | -1): Float64Array {
    const n = this.segments.length, out = new Float64Array(n);
    let distance = n;
    for (let k = 0; k < n; k++) {
      const i = step < 0 ? k : n - 1 - k;
      out[i] = distance;
      distance = this.#prose[i] ? 1 : distance + 1;
    }
    return out;
  }

  /** Returns how many siblings look like the card that a segment is in, and the share of links in them. */
  #card(path: readonly PageElement[]): { count: number; linked: number } {
    for (let up = 0; up < Math.min(5, path.length - 1); up++) {
      const siblings = this.#templates(path[up + 1]).get(templateOf(path[up]));
      if (siblings !== undefined && siblings.count >= 3) return siblings;
    }
    return { count: 0, linked: 0 };
  }

  readonly #cards = new Map<PageElement, Map<string, { count: number; linked: number }>>();

  #templates(parent: PageElement): Map<string, { count: number; linked: number }> {
    let found = this.#cards.get(parent);
    if (found !== undefined) return found;
    const sums = new Map<string, { count: number; chars: number; linked: number }>();
    for (const child of parent.children) {
      if (!(child instanceof PageElement)) continue;
      const totals = this.totals.get(child);
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
    this.#cards.set(parent, found);
    return found;
  }

  /**
   * Returns the sums of all segments of each style: the same block with the same class in the same holder.
   */
  #styles(): Map<string, { chars: number; prose: number }> {
    const styles = new Map<string, { chars: number; prose: number }>();
    this.#paths.forEach((path, i) => {
      const key = styleOf(path);
      const sum = styles.get(key) ?? { chars: 0, prose: 0 };
      sum.chars += this.#weights[i];
      sum.prose += this.#prose[i] * this.#weights[i];
      styles.set(key, sum);
    });
    return styles;
  }

  #contentChars(chars: number): number {
    const at = roles.indexOf("content");
    let most = 0;
    for (const [element, totals] of this.totals) {
      if (totals.chars < 0.95 * chars && this.#roles(element)[at] === 1) most = Math.max(most, totals.chars);
    }
    return most > 0.1 * chars ? most : 0;
  }
}

/** Returns whether an id only repeats the heading of its section, as generated pages do: `related-work`. */
function isSlug(element: PageElement, id: string): boolean {
  if (id === "") return false;
  for (const child of element.children.slice(0, 3)) {
    if (!(child instanceof PageElement) || !/^h[1-6]$/.test(child.name)) continue;
    const heading = new Set(wordsOf(textWithin(child)));
    return wordsOf(id).every((word) => heading.has(word));
  }
  return /^h[1-6]$/.test(element.name);
}

function textWithin(element: PageElement): string {
  return element.children.map((child) => child instanceof PageElement ? textWithin(child) : child.value).join(
    "",
  ).slice(0, 500);
}

function templateOf(element: PageElement): string {
  return `${element.name} ${element.attribute("class").replace(/\d+/g, "0")}`;
}

function styleOf(path: readonly PageElement[]): string {
  return path.slice(0, 3).map(templateOf).join("<");
}

function squeezed(text: string): string {
  return text.replace(/\s+/g, " ").trim().toLowerCase();
}
