/**
 * Selects the segments that are the main text of a page.
 *
 * @module
 */
import { featureNames } from "./features.ts";
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

/** Roles that a part of a page can have besides its text. */
const chrome = featureNames.filter((name) => name.startsWith("role:") && name !== "role:content");
const chromeTags = ["nav", "aside", "header", "footer", "form", "figure", "button", "label"].map((tag) =>
  `in:${tag}`
);
const evident = [...chrome, ...chromeTags].map((name) => featureNames.indexOf(name));
const commentRole = featureNames.indexOf("role:comments");
const linkShare = featureNames.indexOf("linkShare");
const MIN_STRENGTH = 0.6; // a name that only contains the word of a role is no evidence

/** Returns the segments of the main text. */
export function selectSegments(segments: readonly Segment[], options: SelectOptions): Segment[] {
  const { scores, rows } = scoreSegments(segments, options);
  const threshold = options.model.thresholds[options.favor];
  if (options.comments) {
    const width = featureNames.length;
    scores.forEach((score, i) => {
      const isComment = rows[i * width + commentRole] >= MIN_STRENGTH && rows[i * width + linkShare] < 0.5;
      if (isComment) scores[i] = Math.max(score, threshold + 1);
    });
  }
  const kept = keptSegments(segments, { scores, rows, threshold });
  return segments.filter((_, i) => kept[i]);
}

/**
 * Returns for each segment whether it is kept. Those with a score above the threshold are; so are all without
 * evidence of another role, if the page has no menus, and code between texts that are kept. Where the
 * removals would take more than three quarters of the page's prose, those with the best scores are kept after
 * all.
 */
export function keptSegments(
  segments: readonly Segment[],
  { scores, rows, threshold }: {
    readonly scores: Float64Array;
    readonly rows: Float32Array;
    readonly threshold: number;
  },
): boolean[] {
  const width = featureNames.length;
  const hasMenus = segments.filter((_, i) => rows[i * width + linkShare] > 0.9).length >= MENU_LINKS;
  const kept = segments.map((_, i) => {
    if (scores[i] > threshold) return true;
    const row = rows.subarray(i * width, (i + 1) * width);
    return !hasMenus && row[linkShare] < 0.5 && evident.every((at) => row[at] < MIN_STRENGTH);
  });
  keepCode(segments, kept, (i) => evident.every((at) => rows[i * width + at] < MIN_STRENGTH));
  const prose = segments.map((segment) => isProse(segment) ? weightOf(segment.text) : 0);
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

/** Keeps the best segment, and those nearly as good, where none is good enough. */
function keepBest(scores: Float64Array, kept: boolean[]): void {
  const best = scores.reduce((most, score) => Math.max(most, score), -Infinity);
  scores.forEach((score, i) => kept[i] = score > best - 1);
}
