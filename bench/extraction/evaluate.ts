/**
 * Measures the extraction on marked pages by five folds: what is fitted or chosen for a fold's pages is
 * fitted and chosen on the other four. `--write` also fits all pages and writes the model of the program.
 * `--counts FILE` compares with another program's counts, an object of `[tp, fn, fp, tn]` by page, by a
 * paired bootstrap.
 *
 *   deno run --allow-read --allow-write bench/extraction/evaluate.ts [--write] [--counts FILE]
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { scoresOf, type SegmentModel } from "../../stages/format/web/html/score_segments.ts";
import { keptSegments } from "../../stages/format/web/html/select_segments.ts";
import { joined } from "../../stages/format/web/html/segments.ts";
import { orStated } from "../../stages/format/web/html/structured_text.ts";
import { bootstrap } from "./bootstrap.ts";
import { fitModel, type ParsedPage, parseMarked } from "./fit.ts";
import { type Counts, countStrings, figuresOf, FOLDS, readMarkedPages } from "./marked_pages.ts";
import { countLikely } from "./propagate.ts";

const thresholds = Array.from({ length: 13 }, (_, i) => Math.round(-10 + i) / 10);

/** Thresholds whose quality is this near to the best are equally good. */
const FLAT = 0.002;

/** The counts of pages, `[pages]`, by marks and by likely labels. */
interface PageCounts {
  readonly marked: Counts[];
  readonly likely: Counts[];
}

/** The counts of pages for each threshold. */
function countsByThreshold(pages: readonly ParsedPage[], model: SegmentModel): PageCounts[] {
  const all = pages.map(({ page, root, segments, rows, likely }) => {
    const scored = { rows, scores: scoresOf(segments, rows, model) };
    let last = "", counts = { marked: countStrings("", page), likely: countLikely(segments, likely, []) };
    return thresholds.map((threshold) => {
      const kept = keptSegments(segments, { ...scored, threshold });
      const key = kept.map(Number).join("");
      if (key !== last) {
        counts = {
          marked: countStrings(orStated(joined(segments.filter((_, i) => kept[i])), root, joined), page),
          likely: countLikely(segments, likely, kept),
        };
      }
      last = key;
      return counts;
    });
  });
  return thresholds.map((_, t) => ({
    marked: all.map((counts) => counts[t].marked),
    likely: all.map((counts) => counts[t].likely),
  }));
}

/**
 * Returns the threshold with the best mean of F by marks and F by likely labels on `pages`, by folds among
 * them. The curve is flat at its top: of thresholds that are equally good, the most balanced one is taken.
 */
function chooseThreshold(pages: readonly ParsedPage[]): number {
  const sums: PageCounts[] = thresholds.map(() => ({ marked: [], likely: [] }));
  for (const fold of new Set(pages.map(({ page }) => page.fold))) {
    const model = fitModel(pages.filter(({ page }) => page.fold !== fold));
    countsByThreshold(pages.filter(({ page }) => page.fold === fold), model).forEach((counts, t) => {
      sums[t].marked.push(...counts.marked);
      sums[t].likely.push(...counts.likely);
    });
  }
  const figures = sums.map(({ marked }) => figuresOf(marked));
  const quality = sums.map(({ likely }, t) => (figures[t].f + figuresOf(likely).f) / 2);
  const best = Math.max(...quality);
  const good = thresholds.map((_, t) => t).filter((t) => quality[t] > best - FLAT);
  const imbalance = (t: number) => Math.abs(figures[t].recall - figures[t].precision);
  return thresholds[good.reduce((a, b) => imbalance(b) < imbalance(a) ? b : a)];
}

function print(name: string, counts: readonly Counts[]): void {
  const { precision, recall, f } = figuresOf(counts);
  console.log(`${name}: F ${f.toFixed(4)} (precision ${precision.toFixed(3)}, recall ${recall.toFixed(3)})`);
}

const { write, counts: countsFile } = parseArgs(Deno.args, { boolean: ["write"], string: ["counts"] });
const pages = readMarkedPages().map(parseMarked);
const ours = new Map<string, Counts>();
for (let fold = 0; fold < FOLDS; fold++) {
  const others = pages.filter(({ page }) => page.fold !== fold);
  const held = pages.filter(({ page }) => page.fold === fold);
  const threshold = chooseThreshold(others);
  const counts = countsByThreshold(held, fitModel(others))[thresholds.indexOf(threshold)].marked;
  held.forEach(({ page }, i) => ours.set(page.name, counts[i]));
  print(`Fold ${fold}, ${held.length} pages, threshold ${threshold.toFixed(1)}`, counts);
}
print(`All ${pages.length} pages`, [...ours.values()]);
if (countsFile !== undefined) {
  const other: Record<string, readonly number[]> = JSON.parse(await Deno.readTextFile(countsFile));
  const theirs = pages.map(({ page }) => {
    const [tp, fn, fp, tn] = other[page.name];
    return { tp, fn, fp, tn };
  });
  print("Other program", theirs);
  const { difference, low, high } = bootstrap(pages.map(({ page }) => ours.get(page.name)!), theirs);
  console.log(
    `Difference of F: ${difference.toFixed(4)}, 95 % interval ${low.toFixed(4)} to ${high.toFixed(4)}`,
  );
}
if (write) {
  const balanced = chooseThreshold(pages);
  const model = {
    ...fitModel(pages),
    thresholds: { balanced, precision: balanced + 0.6, recall: balanced - 0.8 },
  };
  console.log(`Written: threshold ${balanced.toFixed(1)}`);
  await Deno.writeTextFile(
    new URL("../../stages/format/web/html/segment_model.ts", import.meta.url),
    source(model),
  );
}

function source({ bias, thresholds, features }: SegmentModel): string {
  const lines = Object.entries(features).map(([name, numbers]) =>
    `    ${JSON.stringify(name)}: [${numbers.map((value) => Number(value.toPrecision(4))).join(", ")}],`
  );
  const { balanced, precision, recall } = thresholds;
  return `/**
 * The weights of the features of a segment, written by bench/extraction/evaluate.ts.
 *
 * @module
 */
import type { SegmentModel } from "./score_segments.ts";

/** The model fitted to 493 pages of trafilatura's evaluation set (Apache-2.0). */
export const segmentModel: SegmentModel = {
  bias: ${bias.toPrecision(4)},
  thresholds: { balanced: ${balanced.toFixed(1)}, precision: ${precision.toFixed(1)}, recall: ${
    recall.toFixed(1)
  } },
  features: {
${lines.join("\n")}
  },
};
`;
}
