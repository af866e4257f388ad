/**
 * Scores the segments of a page: how likely each belongs to the main text. A score is a weighted sum of
 * features; a list or a table is judged mostly as one.
 *
 * @module
 */
import { featureNames, featuresOf, hasOtherRole } from "./features.ts";
import type { PageElement } from "./node.ts";
import { weightOf } from "./prose.ts";
import type { Segment } from "./segments.ts";

/** A linear model of segments. */
export interface SegmentModel {
  /** Score of a segment whose features all have their mean. */
  readonly bias: number;
  /** Scores above this one are kept, by what is favored. */
  readonly thresholds: { readonly balanced: number; readonly precision: number; readonly recall: number };
  /** For each feature its mean, its standard deviation and its weight. */
  readonly features: Readonly<Record<string, readonly [mean: number, deviation: number, weight: number]>>;
}

/** What a page's segments are scored with. */
export interface ScoreOptions {
  /** The page's title, "" if it has none. */
  readonly title: string;
  /** The weights of the features. */
  readonly model: SegmentModel;
}

const MAX_DEVIATIONS = 5; // a feature farther from its mean counts no more than this
const MAX_SCORE = 6;
const MAX_AROUND = 3;
const RAISE = 0.5; // of the score of the texts around
const UNIT_SHARE = 0.8; // of a score, what its list or table decides

/** Returns the scores and the features of segments: `[segments]` and `[segments, features]`. */
export function scoreSegments(
  segments: readonly Segment[],
  { title, model }: ScoreOptions,
): { readonly scores: Float64Array; readonly rows: Float32Array } {
  const { rows } = featuresOf(segments, title);
  return { scores: scoresOf(segments, rows, model), rows };
}

/** Returns the scores, `[segments]`, of segments with the given features, `[segments, features]`. */
export function scoresOf(
  segments: readonly Segment[],
  rows: Float32Array,
  model: SegmentModel,
): Float64Array {
  const width = featureNames.length;
  const terms = featureNames.map((name) => model.features[name] ?? [0, 1, 0]);
  const scores = new Float64Array(segments.length);
  for (let i = 0; i < segments.length; i++) {
    let score = model.bias;
    for (let k = 0; k < width; k++) {
      const [mean, deviation, weight] = terms[k];
      const value = (rows[i * width + k] - mean) / deviation;
      score += weight * Math.max(-MAX_DEVIATIONS, Math.min(MAX_DEVIATIONS, value));
    }
    scores[i] = Math.max(-MAX_SCORE, Math.min(MAX_SCORE, score));
  }
  const isFree = (i: number) => {
    const { linked, text } = segments[i];
    return linked < 0.5 * text.length && !hasOtherRole(rows.subarray(i * width, (i + 1) * width));
  };
  return raised(segments, smoothed(segments, scores), isFree);
}

/**
 * Raises the scores of segments that stand between two texts of the same parent, such as short paragraphs and
 * headings, if `isFree` says that they are neither links nor something else.
 */
function raised(
  segments: readonly Segment[],
  scores: Float64Array,
  isFree: (i: number) => boolean,
): Float64Array {
  const before = siblingScores(segments, scores);
  const after = siblingScores(segments.toReversed(), scores.toReversed()).reverse();
  return scores.map((score, i) => {
    const around = Math.min(before[i], after[i], MAX_AROUND);
    return around > 0 && isFree(i) ? score + RAISE * around : score;
  });
}

/** Returns for each segment the score of the last one before it with the same parent. */
function siblingScores(segments: readonly Segment[], scores: Float64Array): Float64Array {
  const last = new Map<PageElement | null, number>();
  return scores.map((score, i) => {
    const { parent } = segments[i].block, before = last.get(parent) ?? -Infinity;
    last.set(parent, score);
    return before;
  });
}

/** Moves the scores of the parts of a list or table towards their mean. */
function smoothed(segments: readonly Segment[], scores: Float64Array): Float64Array {
  const units = new Map<PageElement, { sum: number; weight: number }>();
  const weights = segments.map(({ text }) => Math.min(400, weightOf(text)) + 10);
  const unitOf = segments.map(({ block }) => unit(block));
  unitOf.forEach((element, i) => {
    if (element === null) return;
    const sums = units.get(element) ?? { sum: 0, weight: 0 };
    sums.sum += weights[i] * scores[i];
    sums.weight += weights[i];
    units.set(element, sums);
  });
  return scores.map((score, i) => {
    const sums = unitOf[i] === null ? undefined : units.get(unitOf[i]);
    return sums === undefined ? score : (1 - UNIT_SHARE) * score + UNIT_SHARE * sums.sum / sums.weight;
  });
}

/** Returns the list of an item, or the table of a cell; null for other blocks. */
function unit(block: PageElement): PageElement | null {
  switch (block.name) {
    case "li":
    case "dd":
    case "dt":
      return block.parent;
    case "td":
    case "th":
      return block.parent?.parent ?? null;
    default:
      return null;
  }
}
