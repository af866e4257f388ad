/**
 * Numbers that describe each segment of a page: its text, its links, where it stands, and what holds it. They
 * depend on structure and on names of classes; no word of the text counts.
 *
 * @module
 */
import type { PageElement } from "./node.ts";
import { roles } from "./names.ts";
import { PageStructure, styleOf, type Totals } from "./page_structure.ts";
import { weightOf } from "./prose.ts";
import type { Segment } from "./segments.ts";

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
  ...["toProseBefore", "toProseAfter", "outside", "hiddenForSome", "inComments"],
];

/** The features of a page's segments. */
export interface PageFeatures {
  /** `[segments, features]`, row after row. */
  readonly rows: Float32Array;
}

/** Strength from which on a role is evident: a name that only contains the word of a role is less. */
export const EVIDENT = 0.6;

/** Features that say that a segment is something else than the text of its page. */
const otherRoles = [
  "inComments",
  ...roles.filter((role) => role !== "content").map((role) => `role:${role}`),
  ...["nav", "aside", "header", "footer", "form", "figure", "button", "label"].map((tag) => `in:${tag}`),
].map((name) => featureNames.indexOf(name));

/** Returns whether a segment, by its features, is evidently something else than the text of its page. */
export function hasOtherRole(row: Float32Array): boolean {
  return otherRoles.some((at) => row[at] >= EVIDENT);
}

const sentenceEnd = /[.!?…。！？।؟۔։።]["'”’»)\]」』]*(?:\s|$)|[。！？]/gu;

/** Returns the features of all segments of a page. */
export function featuresOf(segments: readonly Segment[], title: string): PageFeatures {
  const rows = new Float32Array(segments.length * featureNames.length);
  if (segments.length === 0) return { rows };
  const page = pageOf(segments, title);
  let at = 0;
  const put: Put = (value) => void (rows[at++] = value);
  for (let i = 0; i < segments.length; i++) {
    const holders = holdersOf(page, i);
    putText(put, segments[i]);
    for (const strengths of [holders.inside, holders.role, holders.near]) strengths.forEach(put);
    putPlace(put, page, { i, content: holders.role[CONTENT] });
    putAncestors(put, page, i);
    putRepetition(put, page, i);
    putPage(put, page);
    putNeighbours(put, page, i);
  }
  return { rows };
}

/** Writes the next feature of a row. */
type Put = (value: number) => void;

const CONTENT = roles.indexOf("content");
const COMMENTS = roles.indexOf("comments");

/** What the features of all segments of a page share. */
interface Page {
  readonly segments: readonly Segment[];
  readonly title: string;
  readonly structure: PageStructure;
  /** Sums over the whole page. */
  readonly whole: Readonly<Totals>;
  /** Element with the best score as the holder of an article. */
  readonly top: PageElement | undefined;
  /** Smallest element that has most of the prose. */
  readonly core: PageElement;
  readonly styles: ReadonlyMap<string, { readonly chars: number; readonly prose: number }>;
  /** Number of segments with each text. */
  readonly texts: ReadonlyMap<string, number>;
  /** Index of the first h1, or -1. */
  readonly heading: number;
  /** Characters of prose before each segment. */
  readonly proseBefore: Float64Array;
  readonly lastProse: Float64Array;
  readonly nextProse: Float64Array;
  /** Number of `article` elements, and the prose of the one with most. */
  readonly articles: number;
  readonly articleProse: number;
  readonly contentChars: number;
  /** For each segment the strength of its role as a comment, and how much there is to comment on. */
  readonly comments: ReturnType<PageStructure["comments"]>;
}

function pageOf(segments: readonly Segment[], title: string): Page {
  const n = segments.length, structure = new PageStructure(segments), { weights, prose, paths } = structure;
  const root = paths[0][paths[0].length - 1], whole = structure.totalsOf(root);
  const texts = new Map<string, number>();
  for (const { text } of segments) texts.set(text, (texts.get(text) ?? 0) + 1);
  const proseBefore = new Float64Array(n + 1);
  for (let i = 0; i < n; i++) proseBefore[i + 1] = proseBefore[i] + prose[i] * weights[i];
  const articles = new Set<PageElement>();
  for (const path of paths) for (const element of path) if (element.name === "article") articles.add(element);
  let articleProse = 0;
  for (const article of articles) articleProse = Math.max(articleProse, structure.totalsOf(article).prose);
  return {
    segments,
    title: squeezed(title),
    structure,
    whole,
    top: structure.top(),
    core: structure.core(root, whole.prose),
    styles: structure.styles(),
    texts,
    heading: segments.findIndex((segment) => segment.block.name === "h1"),
    proseBefore,
    lastProse: structure.distances(-1),
    nextProse: structure.distances(1),
    articles: articles.size,
    articleProse,
    contentChars: structure.contentChars(whole.chars),
    comments: structure.comments(),
  };
}

/** The text itself, and its block. */
function putText(put: Put, { text, block, linked, links, bold }: Segment): void {
  const length = Math.max(1, text.length);
  put(Math.log1p(weightOf(text)));
  put(Math.min(60, text.split(" ").length));
  put(linked / length);
  put(Math.min(10, links));
  put(bold / length);
  put(Math.min(10, text.match(sentenceEnd)?.length ?? 0));
  put(Math.min(10, text.match(/[,،、，;；]/g)?.length ?? 0));
  put((text.match(/\d/g)?.length ?? 0) / length);
  put((text.match(/\p{Lu}/gu)?.length ?? 0) / length);
  put(Number(/[.!?…。！？।؟۔:]["'”’»)\]」』]*$/u.test(text)));
  put(Math.min(10, text.split("\n").length));
  put(Math.min(20, length / text.split(/\s/).length));
  for (const tag of own) put(Number(block.name === tag));
}

/**
 * Returns how strongly a segment is within each of `tags`, and has each role by all elements around it and by
 * the nearest three. An element that holds more of the page says less, unless it says that it is the content.
 */
function holdersOf(
  { structure, whole, comments }: Page,
  i: number,
): Readonly<Record<"inside" | "role" | "near", Float64Array>> {
  const inside = new Float64Array(tags.length);
  const role = new Float64Array(roles.length), near = new Float64Array(roles.length);
  structure.paths[i].forEach((element, up) => {
    const share = structure.totalsOf(element).chars / whole.chars;
    const tag = tags.indexOf(element.name as typeof tags[number]);
    if (tag >= 0 && !(tags[tag] === "figure" && structure.holdsContent(element))) {
      inside[tag] = Math.max(inside[tag], 1 - 0.8 * share);
    }
    const strengths = structure.rolesOf(element);
    for (let r = 0; r < roles.length; r++) {
      if (strengths[r] === 0) continue;
      const strength = r === CONTENT
        ? strengths[r] * Math.min(1, 2 * share + 0.1)
        : strengths[r] * Math.max(0, 1 - 1.25 * share) * (r === COMMENTS ? comments.subject : 1);
      role[r] = Math.max(role[r], strength);
      if (up <= 2) near[r] = Math.max(near[r], strength);
    }
  });
  return { inside, role, near };
}

/** The place on the page; `content` is the strength of the segment's role as content. */
function putPlace(
  put: Put,
  page: Page,
  { i, content }: { readonly i: number; readonly content: number },
): void {
  const { structure, whole, top, core, heading, proseBefore } = page, path = structure.paths[i];
  const parent = top?.parent ?? null;
  put(path.length);
  put(i / page.segments.length);
  put(whole.prose === 0 ? 0.5 : proseBefore[i] / whole.prose);
  put(heading < 0 ? 0 : Math.sign(i - heading) * Math.log1p(Math.abs(i - heading)));
  put(Number(proseBefore[i] === 0));
  put(Number(proseBefore[i] === whole.prose));
  put(Number(top !== undefined && path.includes(top)));
  put(Number(parent !== null && path.includes(parent)));
  put(structure.totalsOf(top).prose / Math.max(1, whole.prose));
  put(Number(path.includes(core)));
  put(structure.totalsOf(core).chars / Math.max(1, whole.chars));
  put(Number(page.contentChars > 0 && content < 0.1));
  put(Number(page.articleProse > 0.2 * whole.prose && !path.some(({ name }) => name === "article")));
}

/** The three elements around the block. */
function putAncestors(put: Put, { structure, whole }: Page, i: number): void {
  const path = structure.paths[i];
  for (const up of [1, 2, 3]) {
    const totals = structure.totalsOf(path[Math.min(up, path.length - 1)]);
    put(Math.log1p(totals.chars));
    put(totals.linked / Math.max(1, totals.chars));
    put(totals.prose / Math.max(1, whole.prose));
    put(Math.log1p(totals.segments));
    put(Math.log1p(totals.chars / Math.max(1, totals.segments)));
  }
}

/** The part of the page that a segment is in, and what looks or reads like it. */
function putRepetition(
  put: Put,
  { structure, whole, segments, styles, texts, title }: Page,
  i: number,
): void {
  const path = structure.paths[i], { text } = segments[i];
  // The largest ancestor that has less than half of the page.
  const group = structure.totalsOf(
    path.findLast((element) => structure.totalsOf(element).chars < 0.5 * whole.chars) ?? path[0],
  );
  const card = structure.card(path), style = styles.get(styleOf(path))!, written = squeezed(text);
  put(group.chars / whole.chars);
  put(group.prose / Math.max(1, group.chars));
  put(Math.log1p(card.count));
  put(card.linked);
  put(Math.log1p(style.chars));
  put(style.prose / Math.max(1, style.chars));
  put(Number(texts.get(text)! > 1));
  put(Number(title !== "" && text.length > 3 && (written === title || title.startsWith(written))));
}

/** The whole page. */
function putPage(put: Put, { whole, segments, articles }: Page): void {
  put(Math.log1p(whole.prose));
  put(Math.log1p(segments.length));
  put(whole.linked / whole.chars);
  put(Math.log1p(whole.chars));
  put(Math.log1p(articles));
}

/** The segments before and after, and whether the segment is outside what holds the content. */
function putNeighbours(
  put: Put,
  { structure, segments, lastProse, nextProse, core, comments }: Page,
  i: number,
): void {
  const path = structure.paths[i];
  for (const step of [-2, -1, 1, 2]) {
    const other = segments[i + step];
    put(other === undefined ? 0 : Math.log1p(structure.weights[i + step]));
    put(other === undefined ? 1 : other.linked / Math.max(1, other.text.length));
    put(other === undefined ? 0 : structure.prose[i + step]);
    put(other === undefined ? 0 : Number(other.block.parent === segments[i].block.parent));
  }
  put(Math.log1p(lastProse[i]));
  put(Math.log1p(nextProse[i]));
  put(
    Number(
      !path.some((element) => element === core || element.name === "main" || element.name === "article"),
    ),
  );
  put(Number(path.some((element) => element.attribute("aria-hidden") === "true")));
  put(comments.strengths[i]);
}

function squeezed(text: string): string {
  return text.replace(/\s+/g, " ").trim().toLowerCase();
}
