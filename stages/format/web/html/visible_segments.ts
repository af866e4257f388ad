/**
 * The segments of a page that a reader sees, also of pages that show nothing until a script has run.
 *
 * @module
 */
import { type PageElement, writtenText } from "./node.ts";
import { parsePage } from "./parse_page.ts";
import { weightOf } from "./prose.ts";
import { type Segment, type SegmentOptions, segmentsOf } from "./segments.ts";

/** Text shorter than this may be a notice in place of the page's content. */
const MIN_WEIGHT = 2000;
const MUCH_MORE = 2; // how many times as long other content must be

/** The marks of comments, and of those for some browsers only. */
const commentMarks = /<!--(?:\[if [^\]<>]*\]>)?|(?:<!\[endif\])?-->/g;

/** A parsed page. */
export interface VisiblePage {
  /** The page's tree. */
  readonly root: PageElement;
  /** Its segments, in order. */
  readonly segments: readonly Segment[];
}

/**
 * Parses a page and returns its segments. Where hardly any text is visible, the first of these that has at
 * least twice as much is taken instead: hidden parts of the page; templates in scripts and noscript elements;
 * what stands in comments.
 */
export function visiblePage(html: string, options: SegmentOptions = {}): VisiblePage {
  const root = parsePage(html);
  const segments = segmentsOf(root, options);
  const weight = weightOfAll(segments);
  if (weight >= MIN_WEIGHT) return { root, segments };
  const enough = Math.max(1, MUCH_MORE * weight);
  const hidden = segmentsOf(root, { ...options, hidden: true });
  if (weightOfAll(hidden) >= enough) return { root, segments: hidden };
  const templates = templatesIn(root);
  for (const inner of [templates, html.includes("<!--") ? html.replace(commentMarks, " ") : ""]) {
    if (inner.length < enough) continue;
    const other = parsePage(inner);
    const found = segmentsOf(other, options);
    if (weightOfAll(found) >= enough) return { root: other, segments: found };
  }
  return { root, segments };
}

function templatesIn(root: PageElement): string {
  let text = "";
  for (const element of root.descendants()) {
    const isTemplate = element.name === "script" && /template|^text\/html$/i.test(element.attribute("type"));
    if (isTemplate) text += `<div>${writtenText(element)}</div>`;
  }
  return text;
}

/** Returns the title in a page's head, or "". */
export function titleOf(root: PageElement): string {
  for (const element of root.descendants()) {
    if (element.name === "title" && element.foreign === "") return writtenText(element);
  }
  return "";
}

function weightOfAll(segments: readonly Segment[]): number {
  return segments.reduce((sum, { text }) => sum + weightOf(text), 0);
}
