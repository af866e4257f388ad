/**
 * Selects the segments that are the main text of a page.
 *
 * @module
 */
import { EVIDENT, featureNames, hasOtherRole } from "./features.ts";
import type { PageElement } from "./node.ts";
import { isProse, weightOf } from "./prose.ts";
import { type ScoreOptions, scoreSegments } from "./score_segments.ts";
import type { Segment } from "./segments.ts";

/** What is selected. */
export interface SelectOptions extends ScoreOptions {
  /** Whether rather too much or too little is kept. */
  readonly favor: "balanced" | "precision" | "recall";
  /** Whether the comments of readers are kept. */
  readonly comments: boolean;
}

/** Greatest share of a page's prose that all removals together may take. */
const MAX_REMOVED = 0.75;

/** Number of segments that are links and nothing else from which on a page has menus. */
const MENU_LINKS = 3;

const inComments = featureNames.indexOf("inComments");
const linkShare = featureNames.indexOf("linkShare");

/** Returns the segments of the main text. */
export function selectSegments(segments: readonly Segment[], options: SelectOptions): Segment[] {
  const { scores, rows } = scoreSegments(segments, options);
  const threshold = options.model.thresholds[options.favor];
  const kept = keptSegments(segments, { scores, rows, threshold, comments: options.comments });
  return segments.flatMap((segment, i) => {
    if (!kept[i] || isGutter(segments, i)) return [];
    return i > 0 && isGutter(segments, i - 1) ? [{ ...segment, join: segments[i - 1].join }] : [segment];
  });
}

/**
 * Returns for each segment whether it is kept. Those with a score above the threshold are; so are all without
 * evidence of another role, if the page has no menus, and code between texts that are kept. Comments of
 * readers are kept or not as `comments` says. Where the other removals would take more than three quarters of
 * the page's prose, those with the best scores are kept after all.
 */
export function keptSegments(
  segments: readonly Segment[],
  { scores, rows, threshold, comments = false }: {
    readonly scores: Float64Array;
    readonly rows: Float32Array;
    readonly threshold: number;
    readonly comments?: boolean;
  },
): boolean[] {
  const width = featureNames.length;
  const hasMenus = segments.filter((_, i) => rows[i * width + linkShare] > 0.9).length >= MENU_LINKS;
  const kept = segments.map((_, i) => {
    const row = rows.subarray(i * width, (i + 1) * width);
    if (!comments && row[inComments] === 1) return false;
    if (comments && row[inComments] >= EVIDENT && row[linkShare] < 0.5) return true;
    if (scores[i] > threshold) return true;
    return !hasMenus && row[linkShare] < 0.5 && !hasOtherRole(row);
  });
  keepCode(segments, kept, (i) => !hasOtherRole(rows.subarray(i * width, (i + 1) * width)));
  // Comments beside an article are no part of the prose that the removals are compared with.
  const prose = segments.map((segment, i) =>
    isProse(segment) && rows[i * width + inComments] < 1 ? weightOf(segment.text) : 0
  );
  const all = prose.reduce((sum, weight) => sum + weight, 0);
  let removed = prose.reduce((sum, weight, i) => sum + (kept[i] ? 0 : weight), 0);
  const candidates = prose.map((_, i) => i).filter((i) => !kept[i] && prose[i] > 0);
  for (const i of candidates.sort((a, b) => scores[b] - scores[a])) {
    if (removed <= MAX_REMOVED * all) break;
    kept[i] = true;
    removed -= prose[i];
  }
  if (!kept.includes(true)) keepBest(scores, kept);
  return kept;
}

/** Keeps code between texts that are kept, if `free` says that it has no role of its own. */
function keepCode(segments: readonly Segment[], kept: boolean[], free: (i: number) => boolean): void {
  const isCode = (i: number) => segments[i]?.verbatim === true;
  for (let i = 0; i < segments.length; i++) {
    if (!isCode(i)) continue;
    const begin = i;
    while (isCode(i + 1)) i++;
    if ((kept[begin - 1] ?? true) && (kept[i + 1] ?? true)) {
      for (let k = begin; k <= i; k++) kept[k] ||= free(k);
    }
  }
}

/** Returns whether a segment is the numbers of the lines of the code beside it. */
function isGutter(segments: readonly Segment[], i: number): boolean {
  const { text, block } = segments[i], code = segments[i + 1];
  if (!/^ *\d+(?:\n *\d+)*$/.test(text) || !code?.verbatim) return false;
  const numbers = text.split("\n").map(Number);
  return rowOf(block) !== null && rowOf(block) === rowOf(code.block) &&
    numbers.every((number, k) => number === numbers[0] + k) && code.text.split("\n").length <= numbers.length;
}

function rowOf(block: PageElement): PageElement | null {
  return block.path().find(({ name }) => name === "tr") ?? null;
}

/** Keeps the best segment, and those nearly as good, where none is good enough. */
function keepBest(scores: Float64Array, kept: boolean[]): void {
  const best = scores.reduce((most, score) => Math.max(most, score), -Infinity);
  scores.forEach((score, i) => kept[i] = score > best - 1);
}
