/**
 * The sections about training in the lesson on pairs of letters: a net with one layer learns the table.
 *
 * @module
 */
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { heatmapChart } from "../../../stages/report/chart/heatmap.ts";
import { lineChart } from "../../../stages/report/chart/line.ts";
import { bigramProbabilities, drawNames } from "../draw_names.ts";
import { claim } from "../claim.ts";
import { check, code, figure, heading, type Item, progress, say, table } from "../item.ts";
import { examplesOf } from "../letters.ts";
import { probabilitiesFrom } from "../ngrams.ts";
import { distinctPairsSuffice, largeRateWorks, netFindsCounts } from "./bigram_claims.ts";
import { bigramLoss, type BigramSetup } from "./bigram_counting.ts";
import { BigramNet, distinctPairs, softmaxRows } from "./bigram_net.ts";
import { nameChecks, notebook, publishedNames, traceChecks } from "./bigram_published.ts";

const rate = 50, penalty = .01;

/** 6. The pairs of one name: forward pass, backward pass, one step. */
export async function* trainOnOneName(
  engine: Engine,
  { words, letters, seed, mayDiffer }: BigramSetup,
): AsyncGenerator<Item> {
  const size = letters.count;
  yield heading("The same table, learned by a net");
  yield say(
    "Now forget the counts. A net gets the first letter of a pair and computes the probabilities of the second, and gradient descent makes its loss small. The first letter enters as a one-hot row: zeros and a single 1. This row times the weights W selects one row of W. We read its numbers as logarithms of counts, called logits: exp makes them positive, and dividing by their sum makes them probabilities. These two operations together are called softmax.",
  );
  yield code("pipelines/lesson/bigram/bigram_net.ts", "open");
  const examples = examplesOf([words[0]], { letters, context: 1 });
  yield figure(
    `The letters of ${letters.symbols[0]}${words[0]}, one-hot.`,
    heatmapChart({
      values: Array.from(examples.inputs, (id) => new Float32Array(size).with(id, 1)),
      rows: Array.from(examples.inputs, (id) => letters.symbols[id]),
      columns: letters.symbols,
      height: 190,
    }),
  );
  const weights = new TorchRandom(seed).randn(size * size), probabilities = softmaxRows(weights, size);
  yield say(
    `W starts with random numbers. Before training, the net gives the pairs of "${
      words[0]
    }" these probabilities:`,
  );
  yield table(
    ["letter", "next", "probability", "-log"],
    Array.from(examples.inputs, (x, i) => {
      const y = examples.targets[i], p = probabilities[x][y];
      return [letters.symbols[x], letters.symbols[y], p, -Math.log(p)];
    }),
  );
  await using net = await BigramNet.open({ engine, weights, letters: size, examples, oneHot: true });
  await net.step(.1);
  const before = await net.losses(), within = 1e-4, source = notebook;
  yield say(
    "The loss is the mean of the last column. The gradient says for each weight how fast the loss rises with it. One step moves every weight by -0.1 times its gradient:",
  );
  yield check({ name: "loss", ours: before.nll, lecture: 3.7693, within, source, mayDiffer });
  await net.step(.1);
  const after = await net.losses();
  yield check({ name: "loss after one step", ours: after.nll, lecture: 3.7492, within, source, mayDiffer });
}

/** 7. The lecture's training: all pairs in every step. Returns the losses. */
export async function* trainOnAllPairs(
  engine: Engine,
  { words, letters, seed, mayDiffer }: BigramSetup,
): AsyncGenerator<Item, number[]> {
  const size = letters.count;
  const examples = examplesOf(words, { letters, context: 1 }), steps = 20;
  yield heading("All pairs in every step");
  yield say(
    `Each step computes ${
      examples.count.toLocaleString("en-US")
    } rows of ${size} probabilities. The loss includes ${penalty} times the mean of W². This pulls W towards 0, where all probabilities are equal, so it is another form of smoothing.`,
  );
  const weights = new TorchRandom(seed).randn(size * size);
  await using net = await BigramNet.open({
    engine,
    weights,
    letters: size,
    examples,
    oneHot: true,
    penalty,
  });
  const losses: number[] = [], began = performance.now();
  for (let step = 0; step < steps; step++) {
    await net.step(rate);
    losses.push((await net.losses()).loss);
    yield progress(`step ${step} of ${steps}: loss ${losses[step].toFixed(4)}`);
  }
  const seconds = (performance.now() - began) / 1000;
  yield claim(largeRateWorks, { rate, losses });
  yield* traceChecks(losses, { steps: [0, 1, 10], mayDiffer });
  yield say(`${steps} steps took ${seconds.toFixed(1)} seconds on ${engine.device}.`);
  return losses;
}

/** Results of the earlier sections. */
interface EarlierResults {
  /** Counts of all pairs. */
  readonly counts: readonly Float64Array[];
  /** Names drawn from the counts. */
  readonly drawn: readonly string[];
  /** Loss of each step of the training on all pairs. */
  readonly losses: readonly number[];
}

/**
 * 8. The same loss with far less computation, which leaves time for a thousand steps. Then the table that the
 *   net has learned.
 */
export async function* trainOnDistinctPairs(
  engine: Engine,
  { words, letters, seed, mayDiffer, counts, drawn: drawnFromCounts, losses: allPairsLosses }:
    & BigramSetup
    & EarlierResults,
): AsyncGenerator<Item> {
  const size = letters.count;
  const { examples, times } = distinctPairs(examplesOf(words, { letters, context: 1 }), size);
  yield heading("Each different pair once in every step");
  yield say(
    `Equal pairs have equal losses. So we compute each of the ${examples.count} different pairs only once, and multiply its loss by its count. The mean and the steps stay the same.`,
  );
  await using net = await BigramNet.open({
    engine,
    weights: new TorchRandom(seed).randn(size * size),
    letters: size,
    examples,
    times,
    penalty,
  });
  const losses: number[] = [], began = performance.now(), steps = 1001;
  let nll = 0;
  for (let step = 0; step < steps; step++) {
    await net.step(rate);
    const current = await net.losses();
    losses.push(current.loss);
    nll = current.nll;
    if (step % 10 === 0) yield progress(`step ${step} of ${steps}: loss ${current.loss.toFixed(4)}`);
  }
  const seconds = (performance.now() - began) / 1000;
  const difference = Math.max(...allPairsLosses.map((loss, step) => Math.abs(loss - losses[step])));
  yield say(
    `${steps.toLocaleString("en-US")} steps took ${seconds.toFixed(1)} seconds.`,
  );
  yield claim(distinctPairsSuffice, { steps: allPairsLosses.length, difference });
  const countedLoss = bigramLoss(counts, { words, letters });
  yield figure(
    `The loss of the first 200 steps. Counting gave ${countedLoss.toFixed(4)} at once.`,
    lineChart({ series: [{ name: "loss", y: losses.slice(0, 200) }], xLabel: "step" }),
  );
  yield* traceChecks(losses, { steps: [50, 99, 200, 1000], mayDiffer });
  const { W } = await net.weights(), learned = softmaxRows(W, size), counted = counts.map(probabilitiesFrom);
  yield claim(netFindsCounts, { net: nll, counted: countedLoss });
  yield say(
    `For the pairs of the names, learned and counted probabilities differ by ${
      meanDifference(learned, { counted, counts }).toFixed(4)
    } on average:`,
  );
  const view = { columns: letters.symbols, rows: letters.symbols, full: .5, width: 460 };
  yield figure(
    "Each row holds the probabilities of the letter that follows.",
    heatmapChart({ title: "counted", values: counted, ...view }),
    heatmapChart({ title: "learned", values: learned, ...view }),
  );
  const drawn = await drawNames(bigramProbabilities(learned), {
    letters,
    random: new TorchRandom(seed),
    count: drawnFromCounts.length,
  });
  const same = drawn.filter((name, i) => name === drawnFromCounts[i]).length;
  yield say(
    `With the same random numbers, ${same} of ${drawn.length} names drawn from the net equal those drawn from the counts:`,
  );
  yield* nameChecks(drawn, { by: "net", lecture: publishedNames.with(4, "anchthizarie."), mayDiffer });
  yield say(
    `Then why use a net? A table for longer contexts soon needs too much memory: with each letter of context the number of its rows is multiplied by ${size}. A net can get longer contexts and more layers, and is trained in the same way. This is the next lesson.`,
  );
}

/**
 * Returns the mean absolute difference between learned and counted probabilities over all pairs, weighted by
 * the counts.
 */
function meanDifference(
  learned: readonly Float32Array[],
  { counted, counts }: {
    readonly counted: readonly Float64Array[];
    readonly counts: readonly Float64Array[];
  },
): number {
  let sum = 0, total = 0;
  counts.forEach((row, i) =>
    row.forEach((count, j) => {
      sum += count * Math.abs(learned[i][j] - counted[i][j]);
      total += count;
    })
  );
  return sum / total;
}
