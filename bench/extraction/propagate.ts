/**
 * More labels from the few marks of people. A page has about six marked strings of a hundred segments. What
 * is built like its marked text, within the holder of all of it, is most likely text as well; what stands
 * outside of this holder is not.
 *
 * @module
 */
import type { PageElement } from "../../stages/format/web/html/node.ts";
import { styleOf } from "../../stages/format/web/html/page_structure.ts";
import { weightOf } from "../../stages/format/web/html/prose.ts";
import type { Counts } from "./marked_pages.ts";
import type { Segment } from "../../stages/format/web/html/segments.ts";

/** Most segments of each label that a page gives. */
const MAX_SEGMENTS = 40;

/** Greatest sum of the weights of a page's segments of a label, in segments. */
const MAX_WEIGHT = 20;

/** A segment that people did not mark, with what it most likely is. */
export interface LikelyLabel {
  readonly segment: number;
  readonly label: 0 | 1;
  /** How much it counts; the weight of a mark is 1. */
  readonly weight: number;
}

/** Returns the likely labels of the segments of a page that are not in `marks`, by their index. */
export function propagated(
  segments: readonly Segment[],
  marks: ReadonlyMap<number, 0 | 1>,
): Map<number, 0 | 1> {
  const likely = new Map<number, 0 | 1>();
  const of = (label: 0 | 1) => [...marks].filter(([, own]) => own === label).map(([i]) => segments[i].block);
  const holder = commonHolder(of(1));
  if (holder === null) return likely;
  const wanted = new Set(of(1).map(style)), unwanted = new Set(of(0).map(style));
  segments.forEach(({ block }, i) => {
    if (marks.has(i)) return;
    if (!block.path().includes(holder)) {
      if (block.name !== "h1") likely.set(i, 0);
      return;
    }
    const own = style(block);
    if (wanted.has(own) !== unwanted.has(own)) likely.set(i, wanted.has(own) ? 1 : 0);
  });
  return likely;
}

/** Returns labels to fit, with weights: a long segment counts more than a short one, a page only so much. */
export function weighted(
  segments: readonly Segment[],
  likely: ReadonlyMap<number, 0 | 1>,
): LikelyLabel[] {
  return ([0, 1] as const).flatMap((label) => {
    const all = [...likely].filter(([, own]) => own === label).map(([segment]) => segment);
    const step = Math.max(1, all.length / MAX_SEGMENTS);
    const chosen = Array.from(
      { length: Math.min(all.length, MAX_SEGMENTS) },
      (_, k) => all[Math.floor(k * step)],
    );
    const weights = chosen.map((i) => step * (0.1 + Math.min(1, weightOf(segments[i].text) / 300)));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    const scale = Math.min(1, MAX_WEIGHT / Math.max(1, sum));
    return chosen.map((segment, k) => ({ segment, label, weight: weights[k] * scale }));
  });
}

/**
 * Compares what is kept of a page with the likely labels: characters found, missing, and found but unwanted,
 * as shares of the wanted ones, so that long pages count no more than short ones.
 */
export function countLikely(
  segments: readonly Segment[],
  likely: ReadonlyMap<number, 0 | 1>,
  kept: readonly boolean[],
): Counts {
  const counts = { tp: 0, fn: 0, fp: 0, tn: 0 };
  for (const [i, label] of likely) {
    counts[label === 1 ? (kept[i] ? "tp" : "fn") : kept[i] ? "fp" : "tn"] += weightOf(segments[i].text);
  }
  const wanted = counts.tp + counts.fn;
  if (wanted === 0) return { tp: 0, fn: 0, fp: 0, tn: 0 };
  return {
    tp: counts.tp / wanted,
    fn: counts.fn / wanted,
    fp: Math.min(1, counts.fp / wanted),
    tn: counts.tn / wanted,
  };
}

/** Returns the smallest element around all blocks and none of the blocks itself; null if there is none. */
function commonHolder(blocks: readonly PageElement[]): PageElement | null {
  const paths = blocks.map((block) => block.path().slice(1));
  return paths[0]?.find((element) => paths.every((path) => path.includes(element))) ?? null;
}

function style(block: PageElement): string {
  return styleOf(block.path());
}
