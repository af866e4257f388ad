/**
 * Lesson 2: names, letter by letter. First by counting which letter follows which, then by a net of one layer that learns
 * the same table from its mistakes.
 *
 * Source: Andrej Karpathy's lecture "The spelled-out intro to language modeling: building makemore".
 *
 * @module
 */
import { TorchRandom } from "../kernels/random/torch_random.ts";
import type { Engine } from "../kernels/engine/engine.ts";
import { heatmapChart } from "../stages/report/chart/heatmap.ts";
import { lineChart } from "../stages/report/chart/line.ts";
import { BigramNet, distinctPairs, softmaxRows } from "./lesson/bigram/bigram_net.ts";
import {
  again,
  frequentChecks,
  nameChecks,
  notebook,
  publishedNames,
  traceChecks,
} from "./lesson/bigram/bigram_published.ts";
import {
  crossEntropyInOne,
  indexInsteadOfOneHot,
  mixedLengths,
  threeParts,
  tripleCounts,
  tunedSmoothing,
} from "./lesson/bigram/bigram_solutions.ts";
import { names } from "./lesson/data.ts";
import { bigramProbabilities, drawNames } from "./lesson/draw_names.ts";
import { check, figure, heading, type Item, lines, progress, say, table } from "./lesson/item.ts";
import { lesson } from "./lesson/lesson.ts";
import { examplesOf, Letters } from "./lesson/letters.ts";
import { engineForSmallNets } from "./lesson/net_training.ts";
import { divided } from "./lesson/mlp/ngrams.ts";

/** What the sections of the lesson share. */
interface Given {
  readonly words: readonly string[];
  readonly letters: Letters;
  readonly seed: number;
  /** Why figures need not be the lecture's. */
  readonly mayDiffer: string | null;
}

export default lesson({
  part: 2,
  about: "names from pairs of letters: counted, then learned by a net of one layer",
  short: null, // all of the lecture, in seconds
  seed: 2147483647,
  data: names,
  options: {},
  async *run(o, env) {
    const { words } = env.data;
    const given: Given = {
      words,
      letters: new Letters(words),
      seed: o.seed,
      mayDiffer: env.reasonToDiffer(),
    };
    yield* theWords(given);
    const counts = yield* countPairs(given);
    yield* theirNames(counts, given);
    yield* trap(counts, given);
    yield* howGood(counts, given);
    const small = await engineForSmallNets(env);
    yield* oneLayer(small, given);
    const first = yield* allPairs(await env.engine(), given);
    yield* eachPairOnce(small, { ...given, counts, first });
  },
  exercises: {
    E01: {
      ask:
        "Train a trigram model: two letters predict the third, by counts or by a net. Is the loss better than a bigram's?",
      solution: (_o, env) => tripleCounts(env),
    },
    E02: {
      ask:
        "Split the names at random into 80 % to train on, 10 % to choose by (dev) and 10 % to judge by (test). Train bigram and trigram on the first part only, and look at the other two.",
      solution: (_o, env) => threeParts(env),
    },
    E03: {
      ask:
        "Tune the smoothing of the trigram model by the dev part. Then look at the test part, once. What about longer contexts?",
      solution: (_o, env) => tunedSmoothing(env),
    },
    E04: {
      ask: "One-hot times W only picks rows of W. Pick them by number instead: the same losses?",
      solution: (_o, env) => indexInsteadOfOneHot(env),
    },
    E05: {
      ask:
        "Use a cross-entropy function instead of exp, sum, divide, log and mean. Does it agree? Why is it better?",
      solution: (_o, env) => crossEntropyInOne(env),
    },
    E06: { ask: "Think of an exercise of your own, and do it.", solution: (_o, env) => mixedLengths(env) },
  },
});

/** 1. What there is to learn from. */
function* theWords({ words, letters, mayDiffer }: Given): Generator<Item> {
  yield heading("The names");
  yield say(
    "The task: see names, then make more of them, letter by letter. A name says a lot about letters: which begins it, which follows which, after which one it ends.",
  );
  yield lines(words.slice(0, 8).join(" "));
  const lengths = words.map((word) => [...word].length).sort((a, b) => a - b), last = lengths.length - 1;
  const figures: readonly (readonly [string, number, number])[] = [
    ["names", words.length, 32033],
    ["shortest", lengths[0], 2],
    ["longest", lengths[last], 15],
    ["letters and the mark", letters.count, 27],
  ];
  for (const [name, ours, lecture] of figures) {
    yield check({ name, ours, lecture, source: notebook, mayDiffer });
  }
}

/** 2. How often each letter comes after each. Returns the table: a row for each first letter. */
function* countPairs({ words, letters, mayDiffer }: Given): Generator<Item, Float64Array[]> {
  yield heading("Counting pairs");
  const mark = letters.symbols[0];
  const counts = Array.from({ length: letters.count }, () => new Float64Array(letters.count));
  for (const word of words) {
    const ids = [0, ...letters.encode(word), 0]; // 0 is the mark: before the first letter and after the last
    for (let i = 1; i < ids.length; i++) counts[ids[i - 1]][ids[i]]++;
  }
  const word = [mark, ...words[0], mark];
  yield say(
    `A name is a row of pairs, with the mark \`${mark}\` before and after it. \`${words[0]}\`: ${
      word.slice(1).map((letter, i) => `\`${word[i]}${letter}\``).join(" ")
    }. A table with a row for the first letter and a column for the second counts them all.`,
  );
  yield figure(
    `Row: the letter before. Column: the letter after. The row of ${mark} says how names begin, its column how they end.`,
    heatmapChart({
      title: "how often the pair is there",
      values: counts,
      rows: letters.symbols,
      columns: letters.symbols,
      width: 960,
      height: 900,
      ...(letters.count <= 40 && { // more do not fit
        cellText: (i: number, j: number): string[] => [
          letters.symbols[i] + letters.symbols[j],
          String(counts[i][j]),
        ],
      }),
    }),
  );
  const pairs = counts.flatMap((row, i) =>
    Array.from(row, (count, j) => ({ pair: letters.symbols[i] + letters.symbols[j], count }))
  ).sort((a, b) => b.count - a.count);
  yield say("The ten most frequent:");
  yield* frequentChecks(pairs, mayDiffer);
  yield check({
    name: "pairs in all",
    ours: pairs.reduce((sum, { count }) => sum + count, 0),
    lecture: 228146,
    source: again,
    mayDiffer,
  });
  yield check({
    name: "cells with nothing",
    ours: pairs.filter(({ count }) => count === 0).length,
    lecture: 102,
    source: again,
    mayDiffer,
  });
  return counts;
}

/** 3. Walk through the table by the odds that it gives. */
async function* theirNames(
  counts: readonly Float64Array[],
  { letters, seed, mayDiffer }: Given,
): AsyncGenerator<Item> {
  yield heading("Drawing names");
  yield say(
    "Each row divided by its sum is the odds of the next letter. Begin at the mark, draw a letter by the odds of its row, go on in the row of that letter, and stop where the mark is drawn. With 1 added to every count, so that nothing is impossible:",
  );
  const odds = counts.map((row) => divided(row.map((n) => n + 1)));
  const drawn = await drawNames(bigramProbabilities(odds), {
    letters,
    random: new TorchRandom(seed),
    count: 5,
  });
  yield* nameChecks(drawn, { by: "counts", lecture: publishedNames, mayDiffer });
  yield say(
    "They are the lecture's own, for the same generator gives the same numbers: torch's `multinomial` of 2022 looked up one uniform number among the running sums of the odds. Today's torch lets each letter run against an exponential number of its own and takes the winner. As good a draw, but from the same seed other names come out:",
  );
  const today = await drawNames(bigramProbabilities(odds), {
    letters,
    random: new TorchRandom(seed),
    count: 5,
    exponentialRace: true,
  });
  yield lines(today.join(" "));
  yield say(
    "Hardly names. But they are better than those of a model that knows nothing, where all letters are equally likely:",
  );
  const even = counts.map((row) => new Float64Array(row.length).fill(1 / row.length));
  const blind = await drawNames(bigramProbabilities(even), {
    letters,
    random: new TorchRandom(seed),
    count: 5,
  });
  yield lines(blind.join(" "));
}

/** 4. A sum that lost its shape, and no error. */
function* trap(counts: readonly Float64Array[], { letters }: Given): Generator<Item> {
  yield heading("A trap: which way a sum is stretched");
  yield say(
    "In torch the odds are `P = N / N.sum(1, keepdim=True)`: the sums are a column [27, 1], which is stretched to the right, so that each row is divided by its own sum. Without `keepdim` the sums are [27]; sizes are then lined up from the right, [27] counts as the row [1, 27], and is stretched downwards: column j is divided by the sum of row j. Shapes fit, nothing complains.",
  );
  const sums = counts.map((row) => row.reduce((a, b) => a + b, 0));
  const right = counts.map((row, i) => row.map((n) => n / sums[i]));
  const wrong = counts.map((row) => row.map((n, j) => n / sums[j]));
  const total = (row: Float64Array): string => row.reduce((a, b) => a + b, 0).toFixed(4);
  yield table(
    ["row", "sum of its odds with keepdim", "without"],
    [0, 1, 2, 3].map((i) => [letters.symbols[i], total(right[i]), total(wrong[i])]),
  );
  yield say(
    "Odds of a row must sum to 1: check it, always. (In this project's kernels the two are written apart: `div(N, broadcast(sums, { shape, from: 1, to: 2 }))` is keepdim; `div(N, sums)` is the trap here too.)",
  );
}

/** 5. One number for how good a model is. */
function* howGood(counts: readonly Float64Array[], { words, letters, mayDiffer }: Given): Generator<Item> {
  yield heading("How good is it: the negative log-likelihood");
  yield say(
    `A good model gives the names that there are a high probability: the product of the odds of all pairs. A product of so many small numbers is as good as 0, so take the sum of logarithms; with its sign turned and divided by the number of pairs it is the loss: 0 at best, log ${letters.count} = ${
      Math.log(letters.count).toFixed(4)
    } where all letters are equally likely.`,
  );
  const odds = counts.map(divided), { symbols } = letters;
  const pairsOf = (word: string): [number, number][] => {
    const ids = [0, ...letters.encode(word), 0];
    return ids.slice(1).map((id, i) => [ids[i], id]);
  };
  yield table(
    ["pair", "probability", "log"],
    pairsOf(words[0]).map(([i, j]) => [symbols[i] + symbols[j], odds[i][j], Math.log(odds[i][j])]),
  );
  const loss = (add: number): number => {
    const smooth = counts.map((row) => divided(row.map((n) => n + add)));
    const pairs = words.flatMap(pairsOf);
    return pairs.reduce((sum, [i, j]) => sum - Math.log(smooth[i][j]), 0) / pairs.length;
  };
  const within = 1e-6, source = again;
  yield check({ name: "loss of all names", ours: loss(0), lecture: 2.4540145, within, source, mayDiffer });
  const stranger = "andrejq";
  if ([...stranger].every((letter) => symbols.includes(letter))) {
    const worst = Math.max(...pairsOf(stranger).map(([i, j]) => -Math.log(odds[i][j])));
    yield check({
      name: `loss of ${stranger}`,
      ours: String(worst),
      lecture: "Infinity",
      source: notebook,
      mayDiffer,
    });
  }
  yield say(
    "No name has `jq`, so the model holds it for impossible, and a single such name makes the loss of a million names infinite. Smoothing: add 1 to every count. The more is added, the more alike all odds become.",
  );
  yield check({ name: "loss with 1 added", ours: loss(1), lecture: 2.4545768, within, source, mayDiffer });
  yield table(["added", "loss"], [0, 1, 10, 100, 1000, 1e6].map((add) => [add, loss(add)]));
}

/** 6. The table as weights: five pairs, forward, backward, one step. */
async function* oneLayer(
  engine: Engine,
  { words, letters, seed, mayDiffer }: Given,
): AsyncGenerator<Item> {
  const size = letters.count;
  yield heading("The same as a net");
  yield say(
    "Now forget the counts. A net gets the first letter and gives odds for the second; gradient descent makes its loss small. A letter goes in one-hot, a row of zeros with a single 1, times weights W: that is a row of W. What comes out is taken for logarithms of counts (logits): exp makes them positive, dividing by the sum makes them odds. Both together are called softmax.",
  );
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
  const weights = new TorchRandom(seed).randn(size * size), odds = softmaxRows(weights, size);
  yield say("W begins with random numbers. What the net says of the first name before it has learned:");
  yield table(
    ["letter", "next", "probability", "-log"],
    Array.from(examples.inputs, (x, i) => {
      const y = examples.targets[i];
      return [letters.symbols[x], letters.symbols[y], odds[x][y], -Math.log(odds[x][y])];
    }),
  );
  await using net = await BigramNet.open({ engine, weights, letters: size, examples, oneHot: true });
  await net.step(.1);
  const before = await net.losses(), within = 1e-4, source = notebook;
  yield say(
    "Their mean is the loss. The gradient says for each weight by how much the loss rises with it; all weights move 0.1 of it the other way:",
  );
  yield check({ name: "loss", ours: before.nll, lecture: 3.7693, within, source, mayDiffer });
  await net.step(.1);
  const after = await net.losses();
  yield check({ name: "loss after one step", ours: after.nll, lecture: 3.7492, within, source, mayDiffer });
}

/** 7. The lecture's loop: all pairs in every step. Returns the losses. */
async function* allPairs(
  engine: Engine,
  { words, letters, seed, mayDiffer }: Given,
): AsyncGenerator<Item, number[]> {
  const size = letters.count;
  const examples = examplesOf(words, { letters, context: 1 }), steps = 20;
  yield heading("All pairs in every step");
  yield say(
    `${
      examples.count.toLocaleString("en-US")
    } rows of ${size}, at a rate of 50: so small a net bears it. The loss has 0.01 times the mean of W² in it. That pulls W towards 0, where all odds are equal: smoothing again, in another dress.`,
  );
  const weights = new TorchRandom(seed).randn(size * size);
  await using net = await BigramNet.open({
    engine,
    weights,
    letters: size,
    examples,
    oneHot: true,
    penalty: .01,
  });
  const losses: number[] = [], began = performance.now();
  for (let step = 0; step < steps; step++) {
    await net.step(50);
    losses.push((await net.losses()).loss);
    yield progress(`step ${step} of ${steps}: loss ${losses[step].toFixed(4)}`);
  }
  const seconds = (performance.now() - began) / 1000;
  yield* traceChecks(losses, { steps: [0, 1, 10], mayDiffer });
  yield say(`${steps} steps in ${seconds.toFixed(1)} seconds on ${engine.device}.`);
  return losses;
}

/** 8. The same loss with far less work, so a thousand steps; and what W has become. */
async function* eachPairOnce(
  engine: Engine,
  { words, letters, seed, mayDiffer, counts, first }: Given & {
    readonly counts: readonly Float64Array[];
    readonly first: readonly number[];
  },
): AsyncGenerator<Item> {
  const size = letters.count;
  const { examples, times } = distinctPairs(examplesOf(words, { letters, context: 1 }), size);
  yield heading("Each pair once in every step");
  yield say(
    `The same pair has the same loss however often it is there. So take each of the ${examples.count} different pairs once, and count its loss as often as it is there: the same mean, the same steps.`,
  );
  await using net = await BigramNet.open({
    engine,
    weights: new TorchRandom(seed).randn(size * size),
    letters: size,
    examples,
    times,
    penalty: .01,
  });
  const losses: number[] = [], began = performance.now();
  let nll = 0;
  for (let step = 0; step <= 1000; step++) {
    await net.step(50);
    const now = await net.losses();
    losses.push(now.loss);
    nll = now.nll;
    if (step % 10 === 0) yield progress(`step ${step} of 1000: loss ${now.loss.toFixed(4)}`);
  }
  const seconds = (performance.now() - began) / 1000;
  const apart = Math.max(...first.map((loss, step) => Math.abs(loss - losses[step])));
  yield say(
    `1,001 steps in ${
      seconds.toFixed(1)
    } seconds. The first ${first.length} losses differ from those before by ${
      apart.toExponential(0)
    } at most.`,
  );
  yield figure(
    "Down to where counting got in one go.",
    lineChart({ series: [{ name: "loss", y: losses.slice(0, 200) }], xLabel: "step" }),
  );
  yield* traceChecks(losses, { steps: [50, 99, 200, 1000], mayDiffer });
  yield say(
    `Without the penalty the last loss is ${
      nll.toFixed(4)
    }: what counting gave, almost. There is no more to be had from one letter of context, however it is learned. And the odds are the same:`,
  );
  const { W } = await net.weights(), odds = softmaxRows(W, size);
  const view = { columns: letters.symbols, rows: letters.symbols, full: .5, width: 460 };
  yield figure(
    "A letter's row: the odds of the next one.",
    heatmapChart({ title: "counted", values: counts.map(divided), ...view }),
    heatmapChart({ title: "learned", values: odds, ...view }),
  );
  const drawn = await drawNames(bigramProbabilities(odds), {
    letters,
    random: new TorchRandom(seed),
    count: 5,
  });
  yield say("So are the names that it draws; in the lecture's but for one letter:");
  yield* nameChecks(drawn, { by: "net", lecture: publishedNames.with(4, "anchthizarie."), mayDiffer });
  yield say(
    "Why bother, then? A table for longer contexts outgrows every memory: 27 times the rows for each letter more. A net can get longer contexts and more layers, and stays as it is: that is the next lesson.",
  );
}
