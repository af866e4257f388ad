/**
 * Compares the nets of the WaveNet lesson.
 *
 * @module
 */
import { barChart } from "../../../stages/report/chart/bars.ts";
import { claim } from "../claim.ts";
import { check, figure, heading, type Item, say, table } from "../item.ts";
import { largestIsBest } from "./wavenet_claims.ts";
import type { ComparedNet } from "./compared_net.ts";

/** Shows all nets side by side. `mayDiffer` says why their losses may differ from the lecture's. */
export function* netComparisonSection(
  nets: readonly ComparedNet[],
  { mayDiffer }: { readonly mayDiffer: string | null },
): Generator<Item> {
  yield heading("All nets");
  yield table(
    ["net", "parameters", "train", "validation", "seconds"],
    nets.map(({ name, trained: { parameters, losses: { train, dev }, seconds } }) => {
      return [name, parameters, train.toFixed(4), dev.toFixed(4), seconds.toFixed(0)];
    }),
  );
  const devs = nets.map(({ trained }) => trained.losses.dev);
  const base = Math.floor(10 * Math.min(...devs)) / 10 - .1; // so that differences can be seen
  yield figure(
    `Validation loss minus ${base.toFixed(1)}: shorter bars are better.`,
    barChart({
      bars: nets.map(({ name }, i) => ({ name, value: devs[i] - base })),
      xLabel: `validation loss - ${base.toFixed(1)}`,
    }),
  );
  for (const { name, trained: { losses }, lecture } of nets) {
    const common = { within: .01, source: "makemore part 5, performance log", mayDiffer };
    yield check({ name: `${name}: train`, ours: losses.train, lecture: lecture.train, ...common });
    yield check({ name: `${name}: validation`, ours: losses.dev, lecture: lecture.validation, ...common });
  }
  const best = nets.reduce((a, b) => b.trained.losses.dev < a.trained.losses.dev ? b : a);
  const largest = nets.reduce((a, b) => b.trained.parameters > a.trained.parameters ? b : a);
  yield claim(largestIsBest, { best: best.name, largest: largest.name, loss: best.trained.losses.dev });
  yield say("None of the nets was tuned: other sizes and learning rates can be better (exercise E01).");
}
