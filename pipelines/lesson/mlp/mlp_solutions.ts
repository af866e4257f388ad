/**
 * Our solutions to the exercises of the lesson on Bengio's net.
 *
 * @module
 */
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import { mlp, type MlpOptions } from "../../../kernels/models/course/name_nets.ts";
import { lineChart } from "../../../stages/report/chart/line.ts";
import type { DeviceTrainer } from "../../../stages/train/on_device/device_trainer.ts";
import type { Names } from "../data.ts";
import { InterpolatedNgrams } from "../interpolated_ngrams.ts";
import { claim } from "../claim.ts";
import { check, code, figure, type Item, say, table } from "../item.ts";
import type { LessonEnv } from "../lesson.ts";
import { scaledStartSaves } from "./mlp_claims.ts";
import { examplesOf, Letters, type SplitExamples, splitExamples, splitWords } from "../letters.ts";
import { engineForSmallNets, lossesOfSplit, means, openNet, trainOn } from "../net_training.ts";

type NamesEnv = LessonEnv<Names>;

/** Smaller initial weights, which keep logits near 0 and the magnitudes of tanh's inputs near 1. */
const smaller = { first: { gain: 5 / 3, bias: 0 }, last: { std: .01, bias: 0 } } as const;
/** Smallest number of steps after which our run reaches the values that the checks expect. */
const enoughSteps = 20_000;

/**
 * E01: longer contexts, larger vectors, smaller initial weights, larger batches, and a learning rate that
 * falls to 0.
 */
export async function* tunedNet(env: NamesEnv, steps: number): AsyncGenerator<Item> {
  const lecture = 2.2, width = Math.ceil(steps / 100), letters = new Letters(env.data.words);
  const data = splitExamples(env.data.words, { letters, context: tuned.context });
  await using net = await openTuned(env, { letters, data });
  yield say(
    `Our net has four letters of context, vectors of 16 numbers, 200 neurons and the initial weights of E02. Each step takes ${tuned.batch} examples. The learning rate is 0.3 and falls to 0 in the second half of ${
      steps.toLocaleString("en-US")
    } steps.`,
  );
  const curve = means(yield* trainTuned(net, { env, data, steps }), width);
  const beforeFall = Math.floor(curve.y.length / 2) - 1; // the last group in the first half of the steps
  yield figure(
    `The mean loss is ${curve.y[beforeFall].toFixed(2)} halfway, before the rate falls, and ${
      curve.y[curve.y.length - 1].toFixed(2)
    } at the end.`,
    lineChart({ series: [{ name: `mean of ${width}`, ...curve }], xLabel: "step", yLabel: "loss" }),
  );
  const { train, dev, test } = await lossesOfSplit(net, data.rows);
  yield table(["train", "dev", "test"], [[train, dev, test]]);
  yield check({
    name: `dev loss ${dev.toFixed(3)}`,
    ours: dev < lecture ? `below ${lecture}` : `not below ${lecture}`,
    lecture: `below ${lecture}`,
    source: "makemore part 2, exercises",
    mayDiffer: env.reasonToDiffer() ?? (steps < enoughSteps ? "a shorter run than ours" : null),
  });
}

/** E02: the loss before training, and smaller initial weights that make all letters about equally likely. */
export async function* scaledStart(env: NamesEnv): AsyncGenerator<Item> {
  const { words } = env.data, letters = new Letters(words), engine = await engineForSmallNets(env);
  const context = 3, batch = 32, steps = 2000, mayDiffer = env.reasonToDiffer();
  const { examples, rows: { train } } = splitExamples(words, { letters, context });
  const source = "makemore part 2, exercises";
  yield check({
    name: "loss if all letters are equally likely",
    ours: Math.log(letters.count),
    lecture: 3.2958,
    within: 1e-4,
    source,
    mayDiffer,
  });
  const curves: { name: string; x: number[]; y: number[] }[] = [], rows: [string, number, number][] = [];
  const hidden = 200, inputs = 3 * 10;
  const starts: readonly (readonly [string, MlpOptions])[] = [["as drawn", {}], ["scaled down", smaller]];
  for (const [name, start] of starts) {
    const model = mlp({ vocabSize: letters.count, context, ...start }), random = new TorchRandom(env.seed);
    await using net = await openNet(engine, { model, random, examples, batch });
    const before = await net.loss(train);
    const losses = yield* trainOn(net, { steps, among: train.length, batch, random, rate: () => .1 });
    curves.push({ name, ...means(losses, 20) });
    rows.push([name, before, await net.loss(train)]);
  }
  yield say(
    `A logit is a sum over ${hidden} neurons, each times a weight of a size near 1. Its size is about √${hidden} = ${
      Math.sqrt(hidden).toFixed(1)
    }, and with such logits softmax is almost certain of one letter. Weights times 0.01 bring all logits near 0. The sums over ${inputs} numbers in the hidden layer are too large as well: tanh is flat there. We divide them by √${inputs} and multiply them by 5/3, for tanh. Biases start at 0.`,
  );
  yield code("pipelines/lesson/mlp/mlp_solutions.ts", "smaller");
  yield table(["initial weights", "loss before training", `after ${steps} steps`], rows);
  const [, scaledLoss] = rows[1];
  yield check({
    name: "loss before training, scaled down",
    ours: scaledLoss,
    lecture: 3.2958,
    within: .05,
    source,
    mayDiffer,
  });
  const reached = curves[0].y.findIndex((loss) => loss <= scaledLoss);
  yield claim(scaledStartSaves, { steps, reached: reached < 0 ? null : curves[0].x[reached] });
  yield figure(
    "The loss of both nets, mean of 20 steps.",
    lineChart({ series: curves, xLabel: "step", yLabel: "loss", logY: true }),
  );
}

/** E03: as in the paper, the net's probabilities are mixed with probabilities from a table of counts. */
export async function* mixedWithCounts(env: NamesEnv, steps: number): AsyncGenerator<Item> {
  const { words } = env.data, letters = new Letters(words), { context } = tuned, m = 20;
  yield say(
    "The paper mixes the probabilities of its net with those of a smoothed trigram table, half and half. There, the mixture is better than either of them, because they are wrong in different places. We mix the net of E01 with the table of E06 of lesson 2, which has all contexts of up to four letters.",
  );
  const data = splitExamples(words, { letters, context }), split = splitWords(words);
  await using net = await openTuned(env, { letters, data });
  yield* trainTuned(net, { env, data, steps });
  const counted = new InterpolatedNgrams(examplesOf(split.train, { letters, context }), letters.count);
  const lossOf = async (part: "dev" | "test"): Promise<(fraction: number) => number> => {
    const netLosses = await net.losses(data.rows[part]);
    const tableLosses = counted.losses(examplesOf(split[part], { letters, context }), m);
    return (fraction) =>
      tableLosses.reduce((sum, loss, i) => {
        return sum - Math.log(fraction * Math.exp(-netLosses[i]) + (1 - fraction) * Math.exp(-loss));
      }, 0) / tableLosses.length;
  };
  const dev = await lossOf("dev"), test = await lossOf("test");
  const fractions = Array.from({ length: 21 }, (_, i) => i / 20), losses = fractions.map(dev);
  yield table(
    ["fraction of the net", "dev", "test"],
    [0, .25, .5, .75, 1].map((fraction) => [fraction, dev(fraction), test(fraction)]),
  );
  const lowest = Math.min(...losses);
  yield figure(
    `The dev loss of mixtures, from the table alone on the left to the net alone on the right. It is lowest, ${
      lowest.toFixed(4)
    }, at a fraction of ${fractions[losses.indexOf(lowest)]}.`,
    lineChart({ series: [{ name: "dev", x: fractions, y: losses }], xLabel: "fraction of the net" }),
  );
  yield check({
    name: "dev loss, half and half",
    ours: dev(.5) < Math.min(dev(0), dev(1)) ? "better than either" : "no better",
    lecture: "better than either",
    source: "Bengio et al. 2003, section 4",
    mayDiffer: env.reasonToDiffer() ?? (steps < enoughSteps ? "a shorter run than ours" : null),
  });
}

/** Context and batch size of the net of E01 and E03. */
const tuned = { context: 4, batch: 64 } as const;

async function openTuned(
  env: NamesEnv,
  { letters, data: { examples } }: { readonly letters: Letters; readonly data: SplitExamples },
): Promise<DeviceTrainer> {
  const { context, batch } = tuned;
  const model = mlp({ vocabSize: letters.count, context, channels: 16, ...smaller });
  const random = new TorchRandom(env.seed);
  return await openNet(await engineForSmallNets(env), { model, random, examples, batch });
}

function trainTuned(
  net: DeviceTrainer,
  { env, data, steps }: { readonly env: NamesEnv; readonly data: SplitExamples; readonly steps: number },
): ReturnType<typeof trainOn> {
  return trainOn(net, {
    steps,
    among: data.rows.train.length,
    batch: tuned.batch,
    random: new TorchRandom((env.seed + 1) % 2 ** 32), // the weights were drawn with the seed itself
    rate: (step) => .3 * Math.min(1, 2 * (1 - step / steps)),
  });
}
