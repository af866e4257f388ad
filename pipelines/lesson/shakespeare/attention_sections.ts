/**
 * How positions talk: the mean of what came before, one head of self-attention, and why its scores are divided.
 *
 * @module
 */
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import { charGpt } from "../../../kernels/models/course/char_gpt.ts";
import { barChart } from "../../../stages/report/chart/bars.ts";
import { heatmapChart } from "../../../stages/report/chart/heatmap.ts";
import { histogramChart } from "../../../stages/report/chart/histogram.ts";
import { check, figure, heading, type Item, say, table } from "../item.ts";
import {
  averagesByLoop,
  largestDifference,
  maskedSoftmax,
  mixedByAttention,
  mixedByMatmul,
  rowsOf,
  type Sizes,
  softmax,
  triangle,
} from "./averaging.ts";
import { firstDifference, logitsOf } from "./causality.ts";
import { attend, randomHead, scoresOf, variance } from "./head.ts";
import type { Setting } from "./setting.ts";
import { stations } from "./stations.ts";
import { lectureWeights } from "./lecture_weights.ts";

const notebook = "Let's build GPT, notebook";

/** To see further, positions must talk; the plainest way is the mean of what came before. */
export async function* averagesSection(
  { engine, seed }: Pick<Setting, "engine" | "seed">,
): AsyncGenerator<Item> {
  yield heading("The mean of what came before, four ways");
  yield say(
    "A position may hear from those before it and not from those behind it, which it is to guess. The plainest message is the mean.",
  );
  const sizes: Sizes = [4, 8, 32], [, time] = sizes;
  const x = new TorchRandom(seed).randn(4 * 8 * 32), nothing = new Float32Array(x.length);
  const loop = averagesByLoop(x, sizes);
  const weights = triangle(time), bySoftmax = maskedSoftmax(new Float32Array(time * time), time);
  const ways = [
    ["a product with a triangle", await mixedByMatmul(engine, { weights, x, sizes })],
    ["a softmax that sees no future", await mixedByMatmul(engine, { weights: bySoftmax, x, sizes })],
    [
      "attention that asks for nothing",
      await mixedByAttention(engine, { queries: nothing, keys: x, values: x, sizes }),
    ],
  ] as const;
  yield say(
    "First, two loops. Second, one matrix product: row t of a triangle holds `1 / (t + 1)` up to column t. Third, the triangle as a softmax of scores: 0 where one may look, -∞ where one may not. Fourth, this project's attention kernel, its queries all 0, so that every score is 0.",
  );
  yield figure(
    "Row: who listens. Column: whom it hears.",
    heatmapChart({
      title: "weights of a mean",
      values: rowsOf(weights, time),
      yLabel: "position",
      xLabel: "hears",
      width: 320,
    }),
  );
  for (const [name, mixed] of ways) {
    yield check({
      name: `${name}: largest difference from the loop`,
      ours: largestDifference(loop, mixed),
      lecture: 0,
      within: 1e-6,
      source: notebook,
    });
  }
}

/** The same, but who listens to whom depends on what they are. */
export async function* headSection({ engine, seed }: Pick<Setting, "engine" | "seed">): AsyncGenerator<Item> {
  yield heading("Self-attention: one head");
  yield say(
    "Each position makes three vectors of its numbers: a query (what am I looking for), a key (what do I hold), a value (what I say if you listen to me). The score of a pair is query times key; a softmax over those not in the future makes weights of the scores; out come the values by these weights.",
  );
  const sizes: Sizes = [4, 8, 32], time = 8, width = 16, random = new TorchRandom(seed);
  const x = random.randn(4 * 8 * 32), head = randomHead(x, { sizes, width, random });
  const weights = maskedSoftmax(scoresOf(head, { sequence: 0, time, scale: 1 }), time);
  yield figure(
    "Nothing is trained yet, and already each position hears some of the others more than the rest.",
    heatmapChart({
      title: "weights of a random head",
      values: rowsOf(weights, time),
      yLabel: "position",
      xLabel: "hears",
      width: 320,
    }),
  );
  for (const [column, expected] of [.0294, .1052, .0469, .0276, .7909].entries()) {
    yield check({
      name: `how much position 4 hears position ${column}`,
      ours: weights[4 * time + column],
      lecture: expected,
      within: 1e-4,
      source: notebook,
      mayDiffer: seed === 1337 ? null : "another seed",
    });
  }
  const scale = 1 / Math.sqrt(width);
  const byKernel = await mixedByAttention(engine, { ...head, sizes: [4, time, width] });
  yield check({
    name: "written out and by the kernel: largest difference",
    ours: largestDifference(attend(head, { sizes, scale }), byKernel),
    lecture: 0,
    within: 1e-6,
    source: notebook,
  });
  yield say(
    "Attention is a graph of who may hear whom. Without the triangle, all hear all: an encoder. With keys and values of another text, as in translation: cross-attention. It knows no places: that is why places get vectors of their own. And excerpts of a batch never hear each other.",
  );
  const model = charGpt({ vocabSize: 65, ...stations[4].config });
  const one = Uint32Array.from({ length: 8 }, (_, i) => 7 * i), other = one.slice();
  other[5] = 64;
  const logits = await logitsOf(engine, {
    model,
    weights: lectureWeights(model.config, new TorchRandom(seed)),
    sequences: [one, other],
  });
  yield check({
    name: "token 5 of a GPT's input changed: the first position whose logits differ in any bit",
    ours: firstDifference(logits[0], logits[1], 65),
    lecture: 5,
    source: "causality",
  });
}

/** Why scores are divided by the root of the head's width. */
export function* scaledScoresSection({ seed }: Pick<Setting, "seed">): Generator<Item> {
  yield heading("Why scores are divided by √width");
  const random = new TorchRandom(seed), mayDiffer = seed === 1337 ? null : "another seed";
  randomHead(random.randn(4 * 8 * 32), { sizes: [4, 8, 32], width: 16, random }); // the notebook's cell before
  const keys = random.randn(4 * 8 * 16), queries = random.randn(4 * 8 * 16);
  const scores = [0, 1, 2, 3].flatMap((sequence) => [
    ...scoresOf({ queries, keys, width: 16 }, { sequence, time: 8, scale: 1 }),
  ]);
  const scaled = scores.map((score) => score / 4), source = notebook;
  yield say(
    "A score is a sum of 16 products. Where keys and queries have variance 1, each product has variance 1 and their sum 16: it grows with the width. Divided by √16, it is 1 again.",
  );
  yield check({
    name: "variance of keys",
    ours: variance(keys),
    lecture: 1.0449,
    within: 1e-4,
    source,
    mayDiffer,
  });
  yield check({
    name: "of queries",
    ours: variance(queries),
    lecture: 1.07,
    within: 1e-4,
    source,
    mayDiffer,
  });
  yield check({
    name: "of scaled scores",
    ours: variance(scaled),
    lecture: 1.0918,
    within: 1e-4,
    source,
    mayDiffer,
  });
  yield table(["scores", "variance"], [["query · key", variance(scores)], ["/ √16", variance(scaled)]]);
  const flat = [.1, -.2, .3, -.2, .5],
    bars = (by: number) =>
      softmax(flat.map((score) => score * by)).map((value, i) => ({ name: `score ${flat[i] * by}`, value }));
  yield figure(
    "Scores with a large variance turn the softmax into a choice of one, from the first step on: too early to listen to one neighbour only.",
    histogramChart({
      title: "scores",
      series: [{ name: "as they are", values: scores }, { name: "scaled", values: scaled }],
      bins: 24,
    }),
    barChart({ title: "softmax of five scores", bars: bars(1) }),
    barChart({ title: "the same, eight times as large", bars: bars(8) }),
  );
  yield check({ name: "its largest weight", ours: softmax(flat)[4], lecture: .2872, within: 1e-4, source });
  yield check({
    name: "with scores eight times as large",
    ours: softmax(flat.map((score) => 8 * score))[4],
    lecture: .8,
    within: 1e-4,
    source,
  });
}
