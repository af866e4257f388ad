/**
 * Measures the extraction on marked pages by five folds: what is fitted or chosen for a fold's pages is
 * fitted on the other four. `--write` also fits all pages and writes the model of the program. `--counts
 * FILE` compares with another program's counts, an object of `[tp, fn, fp, tn]` by page, by a paired
 * bootstrap.
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

const penalties = [30, 100];
const thresholds = Array.from({ length: 13 }, (_, i) => Math.round(-10 + i) / 10);

/** Greatest distance that recall may be below precision. */
const MAX_SHORTFALL = 0.02;

/** Thresholds whose F is this near to the best count as equally good. */
const FLAT = 0.004;

/** The counts of pages, `[pages]`, for each threshold. */
function countsByThreshold(pages: readonly ParsedPage[], model: SegmentModel): Counts[][] {
  const all = pages.map(({ page, root, segments, rows }) => {
    const scored = { rows, scores: scoresOf(segments, rows, model) };
    let last = "", counts: Counts = countStrings("", page);
    return thresholds.map((threshold) => {
      const kept = keptSegments(segments, { ...scored, threshold });
      const key = kept.map(Number).join("");
      if (key !== last) {
        counts = countStrings(orStated(joined(segments.filter((_, i) => kept[i])), root, joined), page);
      }
      last = key;
      return counts;
    });
  });
  return thresholds.map((_, t) => all.map((counts) => counts[t]));
}

interface Choice {
  readonly penalty: number;
  readonly balanced: number;
  readonly precision: number;
  readonly recall: number;
}

/** Chooses the penalty and the thresholds on `pages`, by folds among them. */
function choose(pages: readonly ParsedPage[]): Choice {
  const folds = [...new Set(pages.map(({ page }) => page.fold))];
  let best: { choice: Choice; f: number } | null = null;
  for (const penalty of penalties) {
    const sums: Counts[][] = thresholds.map(() => []);
    for (const fold of folds) {
      const model = fitModel(pages.filter(({ page }) => page.fold !== fold), penalty);
      const counts = countsByThreshold(pages.filter(({ page }) => page.fold === fold), model);
      counts.forEach((list, t) => sums[t].push(...list));
    }
    const figures = sums.map(figuresOf);
    const allowed = thresholds.map((_, t) => t).filter((t) =>
      figures[t].recall >= figures[t].precision - MAX_SHORTFALL
    );
    const f = Math.max(...allowed.map((t) => figures[t].f));
    // The curve is flat at its top. Of thresholds that are equally good, the most balanced one is taken.
    const flat = allowed.filter((t) => figures[t].f > f - FLAT);
    const imbalance = (t: number) => Math.abs(figures[t].recall - figures[t].precision);
    const balanced = thresholds[flat.reduce((a, b) => imbalance(b) < imbalance(a) ? b : a)];
    const choice = { penalty, balanced, recall: balanced - 0.8, precision: balanced + 0.6 };
    if (best === null || f > best.f) best = { choice, f };
  }
  return best!.choice;
}

function withThresholds(model: SegmentModel, { balanced, precision, recall }: Choice): SegmentModel {
  return { ...model, thresholds: { balanced, precision, recall } };
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
  const choice = choose(others);
  const counts =
    countsByThreshold(held, fitModel(others, choice.penalty))[thresholds.indexOf(choice.balanced)];
  held.forEach(({ page }, i) => ours.set(page.name, counts[i]));
  print(
    `Fold ${fold}, ${held.length} pages, penalty ${choice.penalty}, threshold ${choice.balanced.toFixed(1)}`,
    counts,
  );
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
  const choice = choose(pages);
  const model = withThresholds(fitModel(pages, choice.penalty), choice);
  console.log(`Written: penalty ${choice.penalty}, threshold ${choice.balanced.toFixed(1)}`);
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
