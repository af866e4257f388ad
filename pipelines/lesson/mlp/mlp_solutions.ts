/**
 * Ours to the exercises of the lesson on Bengio et al. 2003.
 *
 * @module
 */
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import { mlp, type MlpOptions } from "../../../kernels/models/course/name_nets.ts";
import { torchWeights } from "../../../kernels/models/course/torch_weights.ts";
import { sgd } from "../../../kernels/optim/sgd.ts";
import { lineChart } from "../../../stages/report/chart/line.ts";
import { type DeviceTrainer, openDeviceTrainer } from "../../../stages/train/on_device/device_trainer.ts";
import type { Names } from "../data.ts";
import { check, figure, type Item, say, table } from "../item.ts";
import type { LessonEnv } from "../lesson.ts";
import { examplesOf, Letters, type SplitExamples, splitExamples, splitWords } from "../letters.ts";
import { InterpolatedNgrams } from "../interpolated_ngrams.ts";
import { engineForSmallNets, means, trainOn } from "../net_training.ts";

type NamesEnv = LessonEnv<Names>;

/** First weights whose logits are near 0, and whose neurons are not at tanh's ends. */
const calm = { first: { gain: 5 / 3, bias: 0 }, last: { std: .01, bias: 0 } } as const;

/** E01: more letters, larger vectors, a calm start, larger batches and steps, a rate that falls to nothing. */
export async function* betterThan(env: NamesEnv, steps: number): AsyncGenerator<Item> {
  const lecture = 2.2, width = Math.ceil(steps / 100), letters = new Letters(env.data.words);
  const parts = splitExamples(env.data.words, { letters, context: larger.context });
  await using net = await openLarger(env, { letters, parts });
  yield say(
    `Four letters of context, vectors of 16, 200 neurons; the first weights of E02; ${larger.batch} examples a step; a rate of 0.3 that falls to 0 in the second half of ${
      steps.toLocaleString("en-US")
    } steps.`,
  );
  const curve = yield* trainLarger(net, { env, parts, steps });
  yield figure(
    "It falls once more as the rate does.",
    lineChart({
      series: [{ name: `mean of ${width}`, ...means(curve, width) }],
      xLabel: "step",
      yLabel: "loss",
    }),
  );
  const { rows } = parts, dev = await net.loss(rows.dev);
  yield table(["train", "dev", "test"], [[await net.loss(rows.train), dev, await net.loss(rows.test)]]);
  yield check({
    name: `dev ${dev.toFixed(3)}`,
    ours: dev < lecture ? `below ${lecture}` : `not below ${lecture}`,
    lecture: `below ${lecture}`,
    source: "makemore part 2, exercises",
    mayDiffer: env.reasonToDiffer() ?? (steps < 20_000 ? "a shorter run than ours" : null),
  });
}

/** E02: what a beginner's loss should be, and three factors that make it so. */
export async function* calmStart(env: NamesEnv): AsyncGenerator<Item> {
  const { words } = env.data, letters = new Letters(words), engine = await engineForSmallNets(env);
  const context = 3, batch = 32, steps = 2000, mayDiffer = env.reasonToDiffer();
  const { examples, rows: { train } } = splitExamples(words, { letters, context });
  const source = "makemore part 2, exercises";
  yield check({
    name: "loss of equal odds",
    ours: Math.log(letters.count),
    lecture: 3.2958,
    within: 1e-4,
    source,
    mayDiffer,
  });
  const curves: { name: string; x: number[]; y: number[] }[] = [], rows: [string, number, number][] = [];
  const starts: readonly (readonly [string, MlpOptions])[] = [["drawn", {}], ["mended", calm]];
  for (const [name, start] of starts) {
    const model = mlp({ vocabSize: letters.count, context, ...start }), random = new TorchRandom(env.seed);
    const weights = torchWeights(model, random), optimizer = sgd({ momentum: 0 });
    await using net = await openDeviceTrainer(engine, { model, weights, examples, batch, optimizer });
    const before = await net.loss(train);
    const losses = yield* trainOn(net, { steps, among: train.length, batch, random, rate: () => .1 });
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
    mayDiffer,
  });
  yield figure(
    "As drawn, the first hundreds of steps only make the weights smaller.",
    lineChart({ series: curves, xLabel: "step", yLabel: "loss", logY: true }),
  );
}

/** E03: the paper's net is not alone: its odds are mixed with those of a smoothed table. */
export async function* mixedWithCounts(env: NamesEnv, steps: number): AsyncGenerator<Item> {
  const { words } = env.data, letters = new Letters(words), { context } = larger, m = 20;
  yield say(
    "The paper mixes the net's odds with those of a smoothed trigram table, half and half, and is better with both than with either: they err in different places. Ours: the net of E01 and the table of part 1's E06 (all contexts of up to four letters).",
  );
  const parts = splitExamples(words, { letters, context }), split = splitWords(words);
  await using net = await openLarger(env, { letters, parts });
  yield* trainLarger(net, { env, parts, steps });
  const counted = new InterpolatedNgrams(examplesOf(split.train, { letters, context }), letters.count);
  const lossOf = async (part: "dev" | "test"): Promise<(share: number) => number> => {
    const nets = await net.losses(parts.rows[part]);
    const tables = counted.losses(examplesOf(split[part], { letters, context }), m);
    return (share) =>
      tables.reduce((sum, table, i) => {
        return sum - Math.log(share * Math.exp(-nets[i]) + (1 - share) * Math.exp(-table));
      }, 0) / tables.length;
  };
  const dev = await lossOf("dev"), test = await lossOf("test");
  const shares = Array.from({ length: 21 }, (_, i) => i / 20);
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
    mayDiffer: env.reasonToDiffer() ?? (steps < 20_000 ? "a shorter run than ours" : null),
  });
}

/** The net of E01 and E03, and how it is trained. */
const larger = { context: 4, batch: 64 } as const;

async function openLarger(
  env: NamesEnv,
  { letters, parts: { examples } }: { readonly letters: Letters; readonly parts: SplitExamples },
): Promise<DeviceTrainer> {
  const { context, batch } = larger;
  const model = mlp({ vocabSize: letters.count, context, channels: 16, ...calm });
  return await openDeviceTrainer(await engineForSmallNets(env), {
    model,
    weights: torchWeights(model, new TorchRandom(env.seed)),
    examples,
    batch,
    optimizer: sgd({ momentum: 0 }),
  });
}

function trainLarger(
  net: DeviceTrainer,
  { env, parts, steps }: { readonly env: NamesEnv; readonly parts: SplitExamples; readonly steps: number },
): ReturnType<typeof trainOn> {
  const rate = (step: number): number => .3 * Math.min(1, 2 * (1 - step / steps));
  return trainOn(net, {
    steps,
    among: parts.rows.train.length,
    batch: larger.batch,
    random: new TorchRandom((env.seed + 1) % 2 ** 32), // the first one drew the weights
    rate,
  });
}
