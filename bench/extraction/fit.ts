/**
 * Fits the weights of the extraction to marked pages by logistic regression.
 *
 * @module
 */
import { featureNames, featuresOf } from "../../stages/format/web/html/features.ts";
import type { SegmentModel } from "../../stages/format/web/html/score_segments.ts";
import type { PageElement } from "../../stages/format/web/html/node.ts";
import type { Segment } from "../../stages/format/web/html/segments.ts";
import { titleOf, visiblePage } from "../../stages/format/web/html/visible_segments.ts";
import type { MarkedPage } from "./marked_pages.ts";
import { type LikelyLabel, propagated, weighted } from "./propagate.ts";

/** A page that is parsed, with the labels of its marked segments. */
export interface ParsedPage {
  readonly page: MarkedPage;
  readonly title: string;
  readonly root: PageElement;
  readonly segments: readonly Segment[];
  readonly rows: Float32Array;
  readonly labels: ReadonlyMap<number, 0 | 1>;
  /** What segments without a mark most likely are. */
  readonly likely: ReadonlyMap<number, 0 | 1>;
  /** Those of them that the model is fitted to. */
  readonly chosen: readonly LikelyLabel[];
}

/** Weight of a likely label relative to a mark. */
const LIKELY = 0.2;

/** Weight of the sum of the squared weights. */
const PENALTY = 30;

/** Parses a page and finds its marked segments. */
export function parseMarked(page: MarkedPage): ParsedPage {
  const { root, segments } = visiblePage(page.html);
  const title = titleOf(root);
  const labels = new Map<number, 0 | 1>();
  for (const string of page.without) {
    segments.forEach(({ text }, i) => text.includes(string.trim()) && labels.set(i, 0));
  }
  for (const string of page.with) {
    let longest = -1;
    segments.forEach(({ text }, i) => {
      if (text.includes(string.trim()) && text.length > (segments[longest]?.text.length ?? 0)) longest = i;
    });
    if (longest >= 0) labels.set(longest, 1);
  }
  const likely = propagated(segments, labels), chosen = weighted(segments, likely);
  return { page, title, root, segments, rows: featuresOf(segments, title).rows, labels, likely, chosen };
}

const width = featureNames.length;

/**
 * Returns the model that fits the labels of `pages` best. Newton's method, which converges in
 * fewer than ten steps.
 */
export function fitModel(pages: readonly ParsedPage[]): SegmentModel {
  const marked: Example[] = [], likely: Example[] = [];
  for (const { rows, labels, chosen } of pages) {
    const row = (i: number) => rows.subarray(i * width, (i + 1) * width);
    for (const [i, label] of labels) marked.push({ row: row(i), label, weight: 1 });
    for (const { segment, label, weight } of chosen) {
      likely.push({ row: row(segment), label, weight: LIKELY * weight });
    }
  }
  const mean = new Float64Array(width), deviation = new Float64Array(width);
  for (const { row } of marked) row.forEach((value, k) => mean[k] += value / marked.length);
  for (const { row } of marked) {
    row.forEach((value, k) => deviation[k] += (value - mean[k]) ** 2 / marked.length);
  }
  deviation.forEach((square, k) => deviation[k] = Math.sqrt(square) || 1);
  const examples = [...marked, ...likely].map(({ row, label, weight }) => ({
    row: Float64Array.from(
      { length: width + 1 },
      (_, k) => k === width ? 1 : Math.max(-5, Math.min(5, (row[k] - mean[k]) / deviation[k])),
    ),
    label,
    weight,
  }));
  const weights = new Float64Array(width + 1);
  for (let step = 0; step < 8; step++) newtonStep(examples, weights);
  const features = Object.fromEntries(
    featureNames.map((name, k) => [name, [mean[k], deviation[k], weights[k]] as const]),
  );
  return { bias: weights[width], thresholds: { balanced: 0, precision: 0, recall: 0 }, features };
}

/** A segment by its features, its label, and how much it counts. */
interface Example {
  readonly row: Float32Array | Float64Array;
  readonly label: 0 | 1;
  readonly weight: number;
}

function newtonStep(examples: readonly Example[], weights: Float64Array): void {
  const n = weights.length;
  const gradient = new Float64Array(n), hessian = Array.from({ length: n }, () => new Float64Array(n));
  for (let k = 0; k < n - 1; k++) {
    gradient[k] = PENALTY * weights[k];
    hessian[k][k] = PENALTY;
  }
  hessian[n - 1][n - 1] = 1e-6;
  for (const { row, label, weight } of examples) {
    let score = 0;
    for (let k = 0; k < n; k++) score += weights[k] * row[k];
    const p = 1 / (1 + Math.exp(-score)), curvature = weight * p * (1 - p);
    for (let k = 0; k < n; k++) {
      gradient[k] += weight * (p - label) * row[k];
      const scaled = curvature * row[k], sums = hessian[k];
      if (scaled !== 0) { for (let j = 0; j <= k; j++) sums[j] += scaled * row[j]; }
    }
  }
  const change = solve(hessian, gradient);
  for (let k = 0; k < n; k++) weights[k] -= change[k];
}

/** Solves a positive definite system by Cholesky's method; only the lower half of `a` is read. */
function solve(a: Float64Array[], b: Float64Array): Float64Array {
  const n = b.length, x = b.slice();
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i][j];
      for (let k = 0; k < j; k++) sum -= a[i][k] * a[j][k];
      a[i][j] = i === j ? Math.sqrt(sum) : sum / a[j][j];
    }
  }
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i] -= a[i][k] * x[k];
    x[i] /= a[i][i];
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i] -= a[k][i] * x[k];
    x[i] /= a[i][i];
  }
  return x;
}
