/**
 * Ours to the exercises of the lesson on pairs of letters.
 *
 * @module
 */
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import { lineChart } from "../../../stages/report/chart/line.ts";
import { BigramNet } from "./bigram_net.ts";
import type { Names } from "../data.ts";
import { drawNames } from "../draw_names.ts";
import { check, figure, type Item, lines, progress, say, table } from "../item.ts";
import type { LessonEnv } from "../lesson.ts";
import { type Examples, examplesOf, Letters, type Split, splitWords } from "../letters.ts";
import { MixedNgrams } from "../mlp/mixed_ngrams.ts";
import { Ngrams } from "../mlp/ngrams.ts";

type NamesEnv = LessonEnv<Names>;

const measured = "makemore part 1, exercises measured in Python";

/** E01: the same by counts, with a longer context. */
export async function* tripleCounts(env: NamesEnv): AsyncGenerator<Item> {
  const { words } = env.data, letters = new Letters(words), mayDiffer = env.reasonToDiffer();
  const within = 1e-4, source = measured;
  for (const [context, lecture] of [[1, [2.4540, 2.4546]], [2, [2.1857, 2.2126]]] as const) {
    const all = examplesOf(words, { letters, context }), model = new Ngrams(all, letters.count);
    for (const smoothing of [0, 1]) {
      yield check({
        name: `${kindOf(context)}, ${smoothing} added`,
        ours: model.loss(all, smoothing),
        lecture: lecture[smoothing],
        within,
        source,
        mayDiffer,
      });
    }
    if (context === 1) continue;
    yield say("Better by far. Names of the trigram model:");
    const random = new TorchRandom(env.seed);
    const drawn = await drawNames((before) => model.probabilities(before, .2), { letters, random, count: 8 });
    yield lines(drawn.join(" "));
  }
  yield say(
    "Adding 1 costs more here than it did for pairs: there are 27 times as many cells, most of them nearly empty, and the added ones weigh more. And these are the very names that were counted; how good is it on others?",
  );
}

/** E02: learn from one part, look at the others. */
export function* threeParts(env: NamesEnv): Generator<Item> {
  const { words } = env.data, letters = new Letters(words), parts = splitWords(words);
  yield table(["part", "names"], Object.entries(parts).map(([name, part]) => [name, part.length]));
  const bigram = modelOf(parts, { letters, context: 1 });
  yield* partChecks(bigram, {
    smoothing: 1,
    lecture: [2.4548, 2.4533, 2.4584],
    mayDiffer: env.reasonToDiffer(),
  });
  const trigram = modelOf(parts, { letters, context: 2 });
  yield table(
    ["model, 1 added", "train", "dev", "test"],
    [bigram, trigram].map((one) => {
      const { train, dev, test } = lossesOf(one, 1);
      return [kindOf(one.model.context), train, dev, test];
    }),
  );
  yield say(
    "The bigram is as good on names that it never saw: it has only 27 rows, each counted thousands of times. The trigram is a little worse on them, and still far better than the bigram.",
  );
}

/** E03: as much smoothing as is best for the dev part. */
export function* tunedSmoothing(env: NamesEnv): Generator<Item> {
  const { words } = env.data, letters = new Letters(words), parts = splitWords(words);
  const amounts = [.01, .02, .05, .1, .2, .5, 1, 2, 5, 10];
  const lecture: Readonly<Record<number, readonly [number, number, number]>> = {
    2: [2.1914, 2.2223, 2.2235],
    3: [1.9187, 2.1018, 2.1044],
  };
  for (const context of [2, 3]) {
    const model = modelOf(parts, { letters, context });
    const found = amounts.map((added) => ({ added, ...lossesOf(model, added) }));
    const best = found.reduce((a, b) => b.dev < a.dev ? b : a);
    yield figure(
      `${kindOf(context)}: best on the dev part with ${best.added} added.`,
      lineChart({
        series: (["train", "dev"] as const).map((part) => ({
          name: part,
          x: amounts,
          y: found.map((one) => one[part]),
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
    "On the part that was counted, no smoothing is always best: it is what the counts hold for true. Names that were not counted need it, and the longer the context, the more train and dev fall apart: of the contexts of three letters many came once or never.",
  );
}

/** E04: a row of W by its number. */
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
  const [first, second] = runs;
  yield check({
    name: "largest difference of a loss",
    ours: Math.max(...first.losses.map((loss, i) => Math.abs(loss - second.losses[i]))),
    lecture: 0,
    within: 1e-4, // float32: 228,146 slopes are added up in another order
    source: "the two ways",
  });
  yield table(["way", "seconds", "numbers of the input"], [
    [first.name, first.seconds, examples.count * size],
    [second.name, second.seconds, examples.count],
  ]);
  yield say(
    "A table of rows that are picked by number is called an embedding. The next lesson begins with one.",
  );
}

/** E05: logits and targets in, the loss out. */
export async function* crossEntropyInOne(env: NamesEnv): AsyncGenerator<Item> {
  const { words } = env.data, letters = new Letters(words), size = letters.count;
  const examples = examplesOf(words.slice(0, 1000), { letters, context: 1 }), engine = await env.engine();
  const first = new TorchRandom(env.seed).randn(size * size);
  const lossOf = async (
    weights: Float32Array<ArrayBuffer>,
    inSteps: boolean,
  ): Promise<{ nll: number; gradient: Float32Array }> => {
    await using net = await BigramNet.open({ engine, weights, letters: size, examples, inSteps });
    await net.step(0);
    return { ...await net.losses(), ...await net.weights() };
  };
  const steps = await lossOf(first, true), inOne = await lossOf(first, false);
  const larger = first.map((w) => w + 100);
  yield table(["logits", "exp, sum, divide, pick, log", "cross entropy"], [
    ["first weights", steps.nll, inOne.nll],
    ["all 100 larger", (await lossOf(larger, true)).nll, (await lossOf(larger, false)).nll],
  ]);
  const apart = Math.max(...steps.gradient.map((slope, i) => Math.abs(slope - inOne.gradient[i])));
  for (const [name, ours] of [["loss", Math.abs(steps.nll - inOne.nll)], ["gradient", apart]] as const) {
    yield check({
      name: `largest difference of the ${name}`,
      ours,
      lecture: 0,
      within: 1e-5,
      source: "the two ways",
    });
  }
  yield say(
    "The odds do not change when all logits of a row grow by the same, so neither should the loss. But e^100 is no number of float32: step by step comes infinity / infinity. The function takes the largest logit from all of them first. It also keeps no counts and odds in memory, and its gradient is simply odds - one-hot(target), where that of the steps goes back one by one.",
  );
}

/** E06: all lengths of context at once. */
export async function* mixedLengths(env: NamesEnv): AsyncGenerator<Item> {
  const { words } = env.data, letters = new Letters(words), parts = splitWords(words);
  yield say(
    "Ours: a long context tells more but was seldom seen, a short one is always known. So mix them. From the shortest to the longest: the odds after a context are its counts, plus `m` letters shared out by the odds of the context that is one letter shorter. A context that never came adds nothing. One number m instead of smoothing (the mean of a Dirichlet prior; MacKay and Peto 1995).",
  );
  const amounts = [1, 2, 5, 10, 20, 30, 50];
  const rows: [number, number, number, number, number][] = [];
  let best: { dev: number; test: number; model: MixedNgrams; m: number } | null = null;
  for (const longest of [1, 2, 3, 4, 5, 6]) {
    const { train, dev, test } = examplesIn(parts, { letters, context: longest });
    const model = new MixedNgrams(train, letters.count);
    yield progress(`contexts of up to ${longest} letters`);
    const found = amounts.map((m) => ({ m, dev: model.loss(dev, m) }));
    const { m, dev: loss } = found.reduce((a, b) => b.dev < a.dev ? b : a);
    rows.push([longest, m, model.loss(train, m), loss, model.loss(test, m)]);
    if (best === null || loss < best.dev) best = { dev: loss, test: rows[rows.length - 1][4], model, m };
  }
  yield table(["up to letters", "best m", "train", "dev", "test"], rows);
  if (best === null) return;
  const { model, m } = best, random = new TorchRandom(env.seed);
  yield check({
    name: "dev, against the 4-gram's",
    ours: best.dev < 2.1018 ? "better" : "worse",
    lecture: "better",
    source: "E03",
    mayDiffer: env.reasonToDiffer(),
  });
  yield say("Names of the best one:");
  const drawn = await drawNames((before) => model.probabilities(before, m), { letters, random, count: 8 });
  yield lines(drawn.join(" "));
}

/** A model of the first part, and all parts as its examples. */
interface Fitted {
  readonly model: Ngrams;
  readonly parts: Split<Examples>;
}

function modelOf(
  parts: Split<string[]>,
  { letters, context }: { readonly letters: Letters; readonly context: number },
): Fitted {
  const examples = examplesIn(parts, { letters, context });
  return { model: new Ngrams(examples.train, letters.count), parts: examples };
}

function examplesIn(
  { train, dev, test }: Split<string[]>,
  { letters, context }: { readonly letters: Letters; readonly context: number },
): Split<Examples> {
  const of = (words: readonly string[]): Examples => examplesOf(words, { letters, context });
  return { train: of(train), dev: of(dev), test: of(test) };
}

function lossesOf({ model, parts: { train, dev, test } }: Fitted, smoothing: number): Split<number> {
  return {
    train: model.loss(train, smoothing),
    dev: model.loss(dev, smoothing),
    test: model.loss(test, smoothing),
  };
}

function* partChecks(
  fitted: Fitted,
  { smoothing, lecture, mayDiffer }: {
    readonly smoothing: number;
    readonly lecture: readonly [number, number, number];
    readonly mayDiffer: string | null;
  },
): Generator<Item> {
  const { train, dev, test } = lossesOf(fitted, smoothing);
  for (const [i, [part, ours]] of Object.entries({ train, dev, test }).entries()) {
    yield check({
      name: `${kindOf(fitted.model.context)}, ${smoothing} added: ${part}`,
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
