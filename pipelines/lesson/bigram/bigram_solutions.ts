/**
 * Our solutions to the exercises of the lesson on pairs of letters.
 *
 * @module
 */
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import { lineChart } from "../../../stages/report/chart/line.ts";
import {
  longerContextOverfits,
  mixtureIsBetter,
  othersNeedSmoothing,
  smoothingCostsTrigramMore,
  trigramIsBetter,
} from "./bigram_claims.ts";
import { BigramNet } from "./bigram_net.ts";
import { comparison } from "../comparison.ts";
import type { Names } from "../data.ts";
import { drawNames } from "../draw_names.ts";
import { claim } from "../claim.ts";
import { check, code, figure, type Item, lines, progress, say, table } from "../item.ts";
import type { LessonEnv } from "../lesson.ts";
import { InterpolatedNgrams } from "../interpolated_ngrams.ts";
import { type Examples, examplesOf, examplesOfSplit, Letters, type Split, splitWords } from "../letters.ts";
import { Ngrams } from "../ngrams.ts";

type NamesEnv = LessonEnv<Names>;

const measured = "makemore part 1, exercises measured in Python";

/** E01: counts with a context of two letters. */
export async function* tripleCounts(env: NamesEnv): AsyncGenerator<Item> {
  const { words } = env.data, letters = new Letters(words), mayDiffer = env.reasonToDiffer();
  const models = [1, 2].map((context) => {
    const all = examplesOf(words, { letters, context }), model = new Ngrams(all, letters.count);
    return { context, model, losses: [0, 1].map((smoothing) => model.loss(all, smoothing)) };
  });
  const lecture = [[2.4540, 2.4546], [2.1857, 2.2126]];
  for (const [i, { context, losses }] of models.entries()) {
    for (const [smoothing, ours] of losses.entries()) {
      yield check({
        name: `${kindOf(context)}, ${smoothing} added`,
        ours,
        lecture: lecture[i][smoothing],
        within: 1e-4,
        source: measured,
        mayDiffer,
      });
    }
  }
  const [bigram, trigram] = models;
  yield code("pipelines/lesson/ngrams.ts", "Ngrams");
  yield claim(trigramIsBetter, { value: trigram.losses[0], other: bigram.losses[0] });
  yield say("The trigram draws these names:");
  const drawn = await drawNames((before) => trigram.model.probabilities(before, .2), {
    letters,
    random: new TorchRandom(env.seed),
    count: 8,
  });
  yield lines(drawn.join(" "));
  yield claim(smoothingCostsTrigramMore, {
    value: bigram.losses[1] - bigram.losses[0],
    other: trigram.losses[1] - trigram.losses[0],
  });
  yield say("But these losses are of the names that were counted. How good are the models on other names?");
}

/** E02: counts of the training part, evaluated on the dev and test parts. */
export function* threeParts(env: NamesEnv): Generator<Item> {
  const { words } = env.data, letters = new Letters(words), parts = splitWords(words);
  yield table(["part", "names"], Object.entries(parts).map(([name, part]) => [name, part.length]));
  const bigram = countedModel(parts, { letters, context: 1 });
  yield* partChecks(bigram, {
    smoothing: 1,
    lecture: [2.4548, 2.4533, 2.4584],
    mayDiffer: env.reasonToDiffer(),
  });
  const trigram = countedModel(parts, { letters, context: 2 });
  const [pairs, triples] = [bigram, trigram].map((counted) => lossesOf(counted, 1));
  yield table(["model, 1 added", "train", "dev", "test"], [
    [kindOf(1), pairs.train, pairs.dev, pairs.test],
    [kindOf(2), triples.train, triples.dev, triples.test],
  ]);
  yield claim(longerContextOverfits, {
    value: pairs.dev - pairs.train,
    other: triples.dev - triples.train,
  });
  yield say(
    `The bigram has only ${letters.count} rows, the trigram ${letters.count} times as many. Its dev loss is ${
      comparison(triples.dev, pairs.dev)
    } the bigram's.`,
  );
}

/** E03: the amount of smoothing with the lowest dev loss. */
export function* tunedSmoothing(env: NamesEnv): Generator<Item> {
  const { words } = env.data, letters = new Letters(words), parts = splitWords(words);
  const amounts = [.01, .02, .05, .1, .2, .5, 1, 2, 5, 10];
  const lecture: Readonly<Record<number, readonly [number, number, number]>> = {
    2: [2.1914, 2.2223, 2.2235],
    3: [1.9187, 2.1018, 2.1044],
  };
  const gaps: number[] = [], models: { name: string; without: number; best: number }[] = [];
  for (const context of [2, 3]) {
    const model = countedModel(parts, { letters, context });
    const results = amounts.map((added) => ({ added, ...lossesOf(model, added) }));
    const best = results.reduce((a, b) => b.dev < a.dev ? b : a);
    gaps.push(best.dev - best.train);
    models.push({ name: kindOf(context), without: lossesOf(model, 0).dev, best: best.dev });
    yield figure(
      `${kindOf(context)}: of these amounts, ${best.added} gives the lowest dev loss.`,
      lineChart({
        series: (["train", "dev"] as const).map((part) => ({
          name: part,
          x: amounts,
          y: results.map((losses) => losses[part]),
        })),
        logX: true,
        xLabel: "added to every count",
        yLabel: "loss",
      }),
    );
    yield* partChecks(model, {
      smoothing: best.added,
      lecture: lecture[context],
      mayDiffer: env.reasonToDiffer(),
    });
  }
  yield say(
    "On the names that were counted, no smoothing always gives the lowest loss, because the counts fit them exactly.",
  );
  yield claim(othersNeedSmoothing, { models });
  yield claim(longerContextOverfits, { value: gaps[0], other: gaps[1] });
}

/** E04: rows of W selected by index. */
export async function* indexInsteadOfOneHot(env: NamesEnv): AsyncGenerator<Item> {
  const { words } = env.data, letters = new Letters(words), size = letters.count;
  const examples = examplesOf(words, { letters, context: 1 }), engine = await env.engine(), steps = 10;
  const runs: { name: string; losses: number[]; seconds: number; W: Float32Array }[] = [];
  for (const oneHot of [true, false]) {
    const weights = new TorchRandom(env.seed).randn(size * size);
    await using net = await BigramNet.open({
      engine,
      weights,
      letters: size,
      examples,
      oneHot,
      penalty: .01,
    });
    const losses: number[] = [], began = performance.now();
    for (let step = 0; step < steps; step++) {
      await net.step(50);
      losses.push((await net.losses()).loss);
      yield progress(`step ${step} of ${steps}`);
    }
    const seconds = (performance.now() - began) / 1000;
    runs.push({ name: oneHot ? "one-hot · W" : "W[index]", losses, seconds, W: (await net.weights()).W });
  }
  yield table(
    ["step", ...runs.map(({ name }) => name)],
    [0, 1, 2, 5, 9].map((step) => [step, ...runs.map(({ losses }) => losses[step].toFixed(6))]),
  );
  const [byProduct, byIndex] = runs;
  yield check({
    name: "largest difference of a loss",
    ours: Math.max(...byProduct.losses.map((loss, i) => Math.abs(loss - byIndex.losses[i]))),
    lecture: 0,
    within: 1e-4, // float32 sums over 228,146 pairs, in another order
    source: "between the two ways",
  });
  yield table(["way", "seconds", "numbers in the input"], [
    [byProduct.name, byProduct.seconds, examples.count * size],
    [byIndex.name, byIndex.seconds, examples.count],
  ]);
  yield say(
    "A table whose rows are selected by number is called an embedding. The next lesson starts with one.",
  );
}

/** E05: one function from logits and targets to the loss. */
export async function* crossEntropyInOne(env: NamesEnv): AsyncGenerator<Item> {
  const { words } = env.data, letters = new Letters(words), size = letters.count;
  const examples = examplesOf(words.slice(0, 1000), { letters, context: 1 }), engine = await env.engine();
  const initial = new TorchRandom(env.seed).randn(size * size);
  const lossOf = async (
    weights: Float32Array<ArrayBuffer>,
    inSteps: boolean,
  ): Promise<{ nll: number; gradient: Float32Array }> => {
    await using net = await BigramNet.open({ engine, weights, letters: size, examples, inSteps });
    await net.step(0);
    return { ...await net.losses(), ...await net.weights() };
  };
  const steps = await lossOf(initial, true), inOne = await lossOf(initial, false);
  const larger = initial.map((w) => w + 100);
  const largerSteps = (await lossOf(larger, true)).nll, largerInOne = (await lossOf(larger, false)).nll;
  yield table(["logits", "exp, sum, divide, select, log", "cross entropy"], [
    ["from the initial weights", steps.nll, inOne.nll],
    ["100 larger", largerSteps, largerInOne],
  ]);
  const difference = Math.max(...steps.gradient.map((g, i) => Math.abs(g - inOne.gradient[i])));
  for (const [name, ours] of [["loss", Math.abs(steps.nll - inOne.nll)], ["gradient", difference]] as const) {
    yield check({
      name: `largest difference of the ${name}`,
      ours,
      lecture: 0,
      within: 1e-5,
      source: "between the two ways",
    });
  }
  yield say(
    `Adding the same number to all logits of a row does not change the probabilities, so it should not change the loss. ${
      Number.isFinite(largerSteps)
        ? ""
        : "But e^100 is larger than any float32 number, and the separate steps compute infinity / infinity, which is NaN. "
    }The function first subtracts the largest logit from all logits. It also stores no counts and probabilities, and its gradient is simply probabilities - one-hot(target), while the separate steps go back one by one.`,
  );
}

/** E06: a mixture of contexts of all lengths. */
export async function* mixedLengths(env: NamesEnv): AsyncGenerator<Item> {
  const { words } = env.data, letters = new Letters(words), parts = splitWords(words);
  yield say(
    "Our exercise: long contexts say more but are rare, and short ones are well known, so mix them. Go from the shortest context to the longest. To the counts after a context add `m` more letters, distributed by the probabilities after the context that is one letter shorter. A context that never occurred changes nothing. The number m takes the place of the smoothing (MacKay and Peto 1995).",
  );
  const amounts = [1, 2, 5, 10, 20, 30, 50];
  const rows: [number, number, number, number, number][] = [];
  let best: { dev: number; model: InterpolatedNgrams; m: number } | null = null;
  for (const longest of [1, 2, 3, 4, 5, 6]) {
    const { train, dev, test } = examplesOfSplit(parts, { letters, context: longest });
    const model = new InterpolatedNgrams(train, letters.count);
    yield progress(`contexts of up to ${longest} letters`);
    const results = amounts.map((m) => ({ m, dev: model.loss(dev, m) }));
    const { m, dev: loss } = results.reduce((a, b) => b.dev < a.dev ? b : a);
    rows.push([longest, m, model.loss(train, m), loss, model.loss(test, m)]);
    if (best === null || loss < best.dev) best = { dev: loss, model, m };
  }
  yield table(["longest context", "best m", "train", "dev", "test"], rows);
  if (best === null) return;
  const { model, m } = best, random = new TorchRandom(env.seed);
  yield claim(mixtureIsBetter, { value: best.dev, other: rows[0][3] });
  yield say("Names drawn from the best of these models:");
  const drawn = await drawNames((before) => model.probabilities(before, m), { letters, random, count: 8 });
  yield lines(drawn.join(" "));
}

/** A model made by counting the training part, and the examples of all parts. */
interface CountedModel {
  readonly model: Ngrams;
  readonly examples: Split<Examples>;
}

function countedModel(
  parts: Split<string[]>,
  { letters, context }: { readonly letters: Letters; readonly context: number },
): CountedModel {
  const examples = examplesOfSplit(parts, { letters, context });
  return { model: new Ngrams(examples.train, letters.count), examples };
}

function lossesOf({ model, examples: { train, dev, test } }: CountedModel, smoothing: number): Split<number> {
  return {
    train: model.loss(train, smoothing),
    dev: model.loss(dev, smoothing),
    test: model.loss(test, smoothing),
  };
}

function* partChecks(
  counted: CountedModel,
  { smoothing, lecture, mayDiffer }: {
    readonly smoothing: number;
    readonly lecture: readonly [number, number, number];
    readonly mayDiffer: string | null;
  },
): Generator<Item> {
  const { train, dev, test } = lossesOf(counted, smoothing);
  for (const [i, [part, ours]] of Object.entries({ train, dev, test }).entries()) {
    yield check({
      name: `${kindOf(counted.model.context)}, ${smoothing} added: ${part}`,
      ours,
      lecture: lecture[i],
      within: 1e-4,
      source: measured,
      mayDiffer,
    });
  }
}

function kindOf(context: number): string {
  return ["", "bigram", "trigram"][context] ?? `${context + 1}-gram`;
}
