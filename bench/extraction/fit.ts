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

/** A page that is parsed, with the labels of its marked segments. */
export interface ParsedPage {
  readonly page: MarkedPage;
  readonly title: string;
  readonly root: PageElement;
  readonly segments: readonly Segment[];
  readonly rows: Float32Array;
  readonly labels: ReadonlyMap<number, 0 | 1>;
}

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
  return { page, title, root, segments, rows: featuresOf(segments, title).rows, labels };
}

const width = featureNames.length;

/**
 * Returns the model that fits the labels of `pages` best; `penalty` is the weight of the sum of the squared
 * weights. Newton's method, which converges in fewer than ten steps.
 */
export function fitModel(pages: readonly ParsedPage[], penalty: number): SegmentModel {
  const rows: Float32Array[] = [], labels: number[] = [];
  for (const { rows: all, labels: marked } of pages) {
    for (const [i, label] of marked) {
      rows.push(all.subarray(i * width, (i + 1) * width));
      labels.push(label);
    }
  }
  const mean = new Float64Array(width), deviation = new Float64Array(width);
  for (const row of rows) row.forEach((value, k) => mean[k] += value / rows.length);
  for (const row of rows) row.forEach((value, k) => deviation[k] += (value - mean[k]) ** 2 / rows.length);
  deviation.forEach((square, k) => deviation[k] = Math.sqrt(square) || 1);
  const inputs = rows.map((row) =>
    Float64Array.from(
      { length: width + 1 },
      (_, k) => k === width ? 1 : Math.max(-5, Math.min(5, (row[k] - mean[k]) / deviation[k])),
    )
  );
  const weights = new Float64Array(width + 1);
  for (let step = 0; step < 12; step++) newtonStep(inputs, labels, weights, penalty);
  const features = Object.fromEntries(
    featureNames.map((name, k) => [name, [mean[k], deviation[k], weights[k]] as const]),
  );
  return { bias: weights[width], thresholds: { balanced: 0, precision: 0, recall: 0 }, features };
}

function newtonStep(
  inputs: readonly Float64Array[],
  labels: readonly number[],
  weights: Float64Array,
  penalty: number,
): void {
  const n = weights.length;
  const gradient = new Float64Array(n), hessian = Array.from({ length: n }, () => new Float64Array(n));
  for (let k = 0; k < n - 1; k++) {
    gradient[k] = penalty * weights[k];
    hessian[k][k] = penalty;
  }
  hessian[n - 1][n - 1] = 1e-6;
  inputs.forEach((input, i) => {
    let score = 0;
    for (let k = 0; k < n; k++) score += weights[k] * input[k];
    const p = 1 / (1 + Math.exp(-score)), curvature = p * (1 - p);
    for (let k = 0; k < n; k++) {
      gradient[k] += (p - labels[i]) * input[k];
      const scaled = curvature * input[k];
      if (scaled !== 0) { for (let j = 0; j <= k; j++) hessian[k][j] += scaled * input[j]; }
    }
  });
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
