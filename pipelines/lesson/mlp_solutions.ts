/**
 * Ours to the exercises of the lesson on Bengio et al. 2003.
 *
 * @module
 */
import { TorchRandom } from "../../kernels/core/torch_random.ts";
import { lineChart } from "../../stages/report/chart/line.ts";
import type { Names } from "./data.ts";
import { check, figure, type Item, say, table } from "./item.ts";
import type { LessonEnv } from "./lesson.ts";
import { type Examples, examplesOf, Letters, type Split, splitWords } from "./letters.ts";
import { MixedNgrams } from "./mixed_ngrams.ts";
import { drawWeights, MlpNet, type MlpSizes, type MlpWeights } from "./mlp_net.ts";
import { engineForSmallNets, means, trainOn } from "./mlp_training.ts";

type NamesEnv = LessonEnv<Names>;

/** E01: more letters, larger vectors, a calm start, larger batches and steps, a rate that falls to nothing. */
export async function* betterThan(env: NamesEnv, steps: number): AsyncGenerator<Item> {
  const { words } = env.data, letters = new Letters(words), engine = await engineForSmallNets(env);
  const batch = 64, context = 4, lecture = 2.2, width = Math.ceil(steps / 100);
  const parts = partsOf(words, { letters, context }), random = new TorchRandom(env.seed);
  const sizes = { letters: letters.count, context, embedding: 16, hidden: 200 };
  await using net = await MlpNet.open({
    engine,
    weights: calm(drawWeights(sizes, random), sizes),
    examples: parts.train,
    batch,
  });
  yield say(
    `Four letters of context, vectors of 16, 200 neurons; the first weights of E02; ${batch} examples a step; a rate of 0.3 that falls to 0 in the second half of ${
      steps.toLocaleString("en-US")
    } steps.`,
  );
  const curve = yield* trainOn(net, {
    steps,
    count: parts.train.count,
    batch,
    random,
    rate: (step) => .3 * Math.min(1, 2 * (1 - step / steps)),
  });
  const smooth = means(curve, width);
  yield figure(
    "It falls once more as the rate does.",
    lineChart({ series: [{ name: `mean of ${width}`, ...smooth }], xLabel: "step", yLabel: "loss" }),
  );
  const train = await net.loss(parts.train),
    dev = await net.loss(parts.dev),
    test = await net.loss(parts.test);
  yield table(["train", "dev", "test"], [[train, dev, test]]);
  yield check({
    name: `dev ${dev.toFixed(3)}`,
    ours: dev < lecture ? `below ${lecture}` : `not below ${lecture}`,
    lecture: `below ${lecture}`,
    source: "makemore part 2, exercises",
    unless: env.unlike() ?? (steps < 20_000 ? "a shorter run than ours" : null),
  });
}

/** E02: what a beginner's loss should be, and three factors that make it so. */
export async function* calmStart(env: NamesEnv): AsyncGenerator<Item> {
  const { words } = env.data, letters = new Letters(words), engine = await engineForSmallNets(env);
  const context = 3, batch = 32, steps = 2000, unless = env.unlike();
  const { train } = partsOf(words, { letters, context });
  const sizes = { letters: letters.count, context, embedding: 10, hidden: 200 };
  const source = "makemore part 2, exercises";
  yield check({
    name: "loss of equal odds",
    ours: Math.log(letters.count),
    lecture: 3.2958,
    within: 1e-4,
    source,
    unless,
  });
  const curves: { name: string; x: number[]; y: number[] }[] = [], rows: [string, number, number][] = [];
  for (const [name, isCalm] of [["drawn", false], ["mended", true]] as const) {
    const random = new TorchRandom(env.seed), weights = drawWeights(sizes, random);
    await using net = await MlpNet.open({
      engine,
      weights: isCalm ? calm(weights, sizes) : weights,
      examples: train,
      batch,
    });
    const before = await net.loss(train);
    const losses = yield* trainOn(net, { steps, count: train.count, batch, random, rate: () => .1 });
    curves.push({ name, ...means(losses, 20) });
    rows.push([name, before, await net.loss(train)]);
  }
  yield say(
    "The logits are sums over 200 neurons, each times a weight of size 1: of size 14 or so, and softmax of such logits is sure of one letter. Times 0.01 they are all near 0. The sums of the hidden layer are too large as well, and tanh is flat out there; divided by the root of the number of inputs (times 5/3, for tanh) they are of size 1. Biases begin at 0.",
  );
  yield table(["first weights", "loss before training", `after ${steps} steps`], rows);
  yield check({
    name: "loss before training, mended",
    ours: rows[1][1],
    lecture: 3.2958,
    within: .05,
    source,
    unless,
  });
  yield figure(
    "As drawn, the first hundreds of steps only make the weights smaller.",
    lineChart({ series: curves, xLabel: "step", yLabel: "loss", logY: true }),
  );
}

/** E03: the paper's net is not alone: its odds are mixed with those of a smoothed table. */
export async function* mixedWithCounts(env: NamesEnv, steps: number): AsyncGenerator<Item> {
  const { words } = env.data, letters = new Letters(words), engine = await engineForSmallNets(env);
  const context = 4, batch = 64, m = 20;
  yield say(
    "The paper mixes the net's odds with those of a smoothed trigram table, half and half, and is better with both than with either: they err in different places. Ours: the net of E01 and the table of part 1's E06 (all contexts of up to four letters).",
  );
  const parts = partsOf(words, { letters, context }), random = new TorchRandom(env.seed);
  const sizes = { letters: letters.count, context, embedding: 16, hidden: 200 };
  await using net = await MlpNet.open({
    engine,
    weights: calm(drawWeights(sizes, random), sizes),
    examples: parts.train,
    batch,
  });
  const rate = (step: number): number => .3 * Math.min(1, 2 * (1 - step / steps));
  yield* trainOn(net, { steps, count: parts.train.count, batch, random, rate });
  const counted = new MixedNgrams(parts.train, letters.count);
  const losses = async (part: Examples): Promise<(share: number) => number> => {
    const net1 = await net.losses(part), table1 = counted.losses(part, m);
    return (share) =>
      net1.reduce(
        (sum, loss, i) => sum - Math.log(share * Math.exp(-loss) + (1 - share) * Math.exp(-table1[i])),
        0,
      ) /
      part.count;
  };
  const dev = await losses(parts.dev), test = await losses(parts.test);
  const shares = [0, .1, .2, .3, .4, .5, .6, .7, .8, .9, 1];
  yield table(
    ["share of the net", "dev", "test"],
    [0, .25, .5, .75, 1].map((share) => [share, dev(share), test(share)]),
  );
  yield figure(
    "The dev loss of mixtures: the table alone on the left, the net alone on the right.",
    lineChart({ series: [{ name: "dev", x: shares, y: shares.map(dev) }], xLabel: "share of the net" }),
  );
  yield check({
    name: "half and half on dev",
    ours: dev(.5) < Math.min(dev(0), dev(1)) ? "better than either" : "no better",
    lecture: "better than either",
    source: "Bengio et al. 2003, section 4",
    unless: env.unlike() ?? (steps < 20_000 ? "a shorter run than ours" : null),
  });
}

/** First weights whose logits are near 0 and whose neurons are not at tanh's ends. */
function calm(
  { C, W1, b1, W2, b2 }: MlpWeights,
  { context, embedding }: Pick<MlpSizes, "context" | "embedding">,
): MlpWeights {
  const times = (
    { shape, data }: MlpWeights["C"],
    factor: number,
  ): MlpWeights["C"] => ({ shape, data: data.map((x) => x * factor) });
  return {
    C,
    W1: times(W1, 5 / 3 / Math.sqrt(context * embedding)),
    b1: times(b1, 0),
    W2: times(W2, .01),
    b2: times(b2, 0),
  };
}

function partsOf(
  words: readonly string[],
  { letters, context }: { readonly letters: Letters; readonly context: number },
): Split<Examples> {
  const { train, dev, test } = splitWords(words);
  const of = (part: readonly string[]): Examples => examplesOf(part, { letters, context });
  return { train: of(train), dev: of(dev), test: of(test) };
}
