/**
 * Sections of the lesson on attention: averages of earlier positions, one head of self-attention, and the
 * scale of its scores.
 *
 * @module
 */
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import { charGpt } from "../../../kernels/models/course/char_gpt.ts";
import { largestDifference } from "../../../kernels/models/course/matrix.ts";
import { barChart } from "../../../stages/report/chart/bars.ts";
import { heatmapChart } from "../../../stages/report/chart/heatmap.ts";
import { histogramChart } from "../../../stages/report/chart/histogram.ts";
import { claim } from "../claim.ts";
import { check, code, figure, heading, type Item, say, table } from "../item.ts";
import { largeScoresChoose, varianceGrows, weightsDiffer } from "./shakespeare_claims.ts";
import { softmax } from "../net_training.ts";
import { attend, randomHead, scoresOf, variance } from "./attention_head.ts";
import {
  averagesByLoop,
  averagingWeights,
  maskedSoftmax,
  mixedByAttention,
  mixedByMatmul,
  rowsOf,
  type SequenceShape,
} from "./averaging.ts";
import { lectureModels } from "./lecture_models.ts";
import { lectureWeights } from "./lecture_weights.ts";
import { firstDifference, sequenceLogits } from "./sequence_logits.ts";
import type { ShakespeareInputs } from "./shakespeare_inputs.ts";

const notebook = "Let's build GPT, notebook";
const [batch, time, channels]: SequenceShape = [4, 8, 32];
const shape: SequenceShape = [batch, time, channels];
const width = 16; // channels of the notebook's head

/**
 * Returns why values that depend on random numbers may differ from the notebook's, or null if the seed is the
 * notebook's.
 */
function seedReason(seed: number): string | null {
  return seed === 1337 ? null : "another seed";
}

/** Explains the simplest way to use earlier positions: the mean of all positions so far. */
export async function* averagesSection(
  { engine, seed }: Pick<ShakespeareInputs, "engine" | "seed">,
): AsyncGenerator<Item> {
  yield heading("Averages of earlier positions, in four ways");
  yield say(
    "To predict the next character, a position can use itself and the positions before it. It must not use the positions after it, because they contain the answer. The simplest way is to take the mean of all positions so far.",
  );
  const x = new TorchRandom(seed).randn(batch * time * channels), zeros = new Float32Array(x.length);
  const byLoop = averagesByLoop(x, shape);
  const weights = averagingWeights(time), bySoftmax = maskedSoftmax(new Float32Array(time * time), time);
  const ways = [
    ["product with a triangular matrix", await mixedByMatmul(engine, { weights, x, shape })],
    ["product with a masked softmax", await mixedByMatmul(engine, { weights: bySoftmax, x, shape })],
    [
      "attention with queries of 0",
      await mixedByAttention(engine, { queries: zeros, keys: x, values: x, shape }),
    ],
  ] as const;
  yield say(
    "The first way is a loop. The second is a matrix product: row t of a triangular matrix holds `1 / (t + 1)` up to column t, and zeros after it. The third computes the same matrix as a softmax of scores: 0 for the positions so far, and -∞ for later positions. The fourth is this project's attention kernel. Its queries are 0, so all scores are 0.",
  );
  yield code("pipelines/lesson/shakespeare/averaging.ts", "averagingWeights");
  yield code("pipelines/lesson/shakespeare/averaging.ts", "maskedSoftmax");
  yield figure(
    "Each row belongs to a position and shows how much weight that position gives to each position.",
    heatmapChart({
      title: "weights of the means",
      values: rowsOf(weights, time),
      yLabel: "position",
      xLabel: "uses",
      width: 320,
    }),
  );
  for (const [name, mixed] of ways) {
    yield check({
      name: `${name}: largest difference from the loop`,
      ours: largestDifference(byLoop, mixed),
      lecture: 0,
      within: 1e-6,
      source: notebook,
    });
  }
}

/** Explains self-attention, in which the weights depend on the contents of the positions. */
export async function* headSection(
  { engine, seed }: Pick<ShakespeareInputs, "engine" | "seed">,
): AsyncGenerator<Item> {
  yield heading("Self-attention: one head");
  yield say(
    "Each position computes three vectors from its channels. The query describes what it looks for, the key describes what it contains, and the value is what it passes on. The score of two positions is the dot product of the query of one and the key of the other. A softmax turns a position's scores for itself and all earlier positions into weights. The output is the sum of their values, each times its weight.",
  );
  yield code("pipelines/lesson/shakespeare/attention_head.ts", "scoresOf");
  yield code("pipelines/lesson/shakespeare/attention_head.ts", "attend");
  const random = new TorchRandom(seed);
  const x = random.randn(batch * time * channels), head = randomHead(x, { shape, width, random });
  const weights = maskedSoftmax(scoresOf(head, { sequence: 0, time, scale: 1 }), time);
  const lastRow = weights.subarray((time - 1) * time), largest = Math.max(...lastRow);
  yield claim(weightsDiffer, { position: lastRow.indexOf(largest), largest, mean: 1 / time });
  yield figure(
    "Each row belongs to a position and shows how much weight it gives to each position so far.",
    heatmapChart({
      title: "weights of a random head",
      values: rowsOf(weights, time),
      yLabel: "position",
      xLabel: "uses",
      width: 320,
    }),
  );
  for (const [column, expected] of [.0294, .1052, .0469, .0276, .7909].entries()) {
    yield check({
      name: `weight of position ${column} at position 4`,
      ours: weights[4 * time + column],
      lecture: expected,
      within: 1e-4,
      source: notebook,
      mayDiffer: seedReason(seed),
    });
  }
  const byKernel = await mixedByAttention(engine, { ...head, shape: [batch, time, width] });
  yield check({
    name: "output by loops and by the attention kernel: largest difference",
    ours: largestDifference(attend(head, { shape, scale: 1 / Math.sqrt(width) }), byKernel),
    lecture: 0,
    within: 1e-6,
    source: notebook,
  });
  yield say(
    "Attention can be seen as a graph: an edge says that one position may use another. Without the mask, every position uses all positions; such a model is called an encoder. If keys and values come from another text, as in translation, it is called cross-attention. Attention itself does not know where a position is, so each position also gets a vector of its own. The excerpts of a batch never use each other.",
  );
  const vocabSize = 65, model = charGpt({ vocabSize, ...lectureModels[4].config });
  const ids = Uint32Array.from({ length: time }, (_, i) => 7 * i), changed = ids.slice();
  changed[5] = 64;
  const logits = await sequenceLogits(engine, {
    model,
    weights: lectureWeights(model.config, new TorchRandom(seed)),
    batches: [ids, changed],
  });
  yield check({
    name: "first position of a GPT whose logits differ in any bit if token 5 changes",
    ours: firstDifference(logits[0], logits[1], vocabSize),
    lecture: 5,
    source: "causality",
  });
}

/** Explains why scores are divided by the square root of the head's width. */
export function* scaledScoresSection({ seed }: Pick<ShakespeareInputs, "seed">): Generator<Item> {
  yield heading("Why scores are divided by √width");
  const random = new TorchRandom(seed), count = batch * time * width;
  // An earlier cell of the notebook draws these numbers, so they are drawn here as well and not used.
  randomHead(random.randn(batch * time * channels), { shape, width, random });
  const keys = random.randn(count), queries = random.randn(count);
  const scores = [0, 1, 2, 3].flatMap((sequence) => [
    ...scoresOf({ queries, keys, width }, { sequence, time, scale: 1 }),
  ]);
  const scaled = scores.map((score) => score / Math.sqrt(width)), source = notebook;
  yield say(
    `A score is a sum of ${width} products. If keys and queries have variance 1, each product has variance 1 and the sum has variance ${width}. So the variance grows with the width of the head. After division by √${width} it should be 1 again.`,
  );
  for (
    const [name, ours, lecture] of [
      ["keys", variance(keys), 1.0449],
      ["queries", variance(queries), 1.07],
      ["scaled scores", variance(scaled), 1.0918],
    ] as const
  ) {
    const mayDiffer = seedReason(seed);
    yield check({ name: `variance of ${name}`, ours, lecture, within: 1e-4, source, mayDiffer });
  }
  yield table(["scores", "variance"], [
    ["query · key", variance(scores)],
    [`query · key / √${width}`, variance(scaled)],
  ]);
  yield claim(varianceGrows, { width, plain: variance(scores), scaled: variance(scaled) });
  const few = [.1, -.2, .3, -.2, .5];
  const softmaxOf = (factor: number): Float64Array => softmax(few.map((score) => score * factor));
  const bars = (factor: number) =>
    [...softmaxOf(factor)].map((value, i) => ({
      name: `score ${Number((few[i] * factor).toPrecision(3))}`,
      value,
    }));
  yield figure(
    "Scores with and without scaling, and the softmax of five scores.",
    histogramChart({
      title: "scores",
      series: [{ name: "not scaled", values: scores }, { name: "scaled", values: scaled }],
      bins: 24,
    }),
    barChart({ title: "softmax of five scores", bars: bars(1), most: 1 }),
    barChart({ title: "softmax of the same scores times 8", bars: bars(8), most: 1 }),
  );
  yield claim(largeScoresChoose, { value: Math.max(...softmaxOf(1)), other: Math.max(...softmaxOf(8)) });
  yield check({
    name: "largest weight of the softmax",
    ours: softmaxOf(1)[4],
    lecture: .2872,
    within: 1e-4,
    source,
  });
  yield check({
    name: "largest weight with the scores times 8",
    ours: softmaxOf(8)[4],
    lecture: .8,
    within: 1e-4,
    source,
  });
}
