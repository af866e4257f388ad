/**
 * The first sections of the lesson on Bengio's net: longer contexts, the net, and its learning rate.
 *
 * @module
 */
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import { mlp } from "../../../kernels/models/course/name_nets.ts";
import { countParameters } from "../../../kernels/models/model.ts";
import { lineChart } from "../../../stages/report/chart/line.ts";
import { claim } from "../claim.ts";
import { check, code, figure, heading, type Item, lines, live, say, table } from "../item.ts";
import { learnsByHeart, mostRowsAreEmpty, ratesHaveValley, startsConfident } from "./mlp_claims.ts";
import { type Examples, examplesOf } from "../letters.ts";
import { means, openNet, trainOn } from "../net_training.ts";
import { Ngrams } from "../ngrams.ts";
import { batch, context, type MlpSetup, notebook } from "./mlp_setup.ts";

/** Sizes of the first net. */
const sizes = { context, channels: 2, hidden: 100 };

/** 1. Why counting does not work for longer contexts. */
export function* longerContexts({ words, letters, data, mayDiffer }: MlpSetup): Generator<Item> {
  const { symbols, count } = letters;
  yield heading("Three letters of context");
  yield say(
    `One letter says little about the next one. But a table for three letters of context has ${count}³ = ${
      (count ** 3).toLocaleString("en-US")
    } rows.`,
  );
  yield claim(mostRowsAreEmpty, { rows: count ** 3, seen: new Ngrams(data.examples, count).contexts });
  yield say(
    `Bengio et al. found a different way: every letter (in their paper: every word) gets a vector, a net computes the probabilities from the vectors, and both are learned. Letters that behave alike get similar vectors, so what is learned about one also holds for the others.`,
  );
  yield say(`The examples of "${words[0]}", with \`${symbols[0]}\` before and after it:`);
  const first = examplesOf([words[0]], { letters, context });
  yield lines(Array.from(first.targets, (target, i) => {
    return `${letters.decode(contextAt(first, i))} → ${symbols[target]}`;
  }));
  yield say(
    "All names are shuffled and split: 80 % to train on, 10 % to choose sizes and learning rates with (dev), and 10 % that are used once, at the very end (test). A net with enough weights can learn its names by heart. Only names that it never saw show how good it is.",
  );
  yield code("pipelines/lesson/letters.ts", "splitWords");
  for (const [part, lecture] of [["train", 182441], ["dev", 22902], ["test", 22803]] as const) {
    const ours = data.rows[part].length;
    yield check({ name: `examples, ${part}`, ours, lecture, source: notebook, mayDiffer });
  }
}

/** 2. The net, and its loss before training. Returns the examples of names 1 to 5. */
export async function* letterVectors(
  { words, letters, engine, seed, mayDiffer }: MlpSetup,
): AsyncGenerator<Item, Examples> {
  yield heading("A vector for each letter");
  const model = mlp({ vocabSize: letters.count, ...sizes });
  const five = examplesOf(words.slice(0, 5), { letters, context }), inputs = context * sizes.channels;
  const shapeRow = (name: string, rest: readonly number[]): string[] => {
    return [name, `[${["B", ...rest].join(", ")}]`, `[${[five.count, ...rest].join(", ")}]`];
  };
  yield say(
    `C is a table with a row of ${sizes.channels} numbers for each letter. \`C[x]\` selects the rows of ${context} letters, which are ${inputs} numbers side by side. A layer of ${sizes.hidden} neurons with tanh follows, then a layer that gives a logit for each letter, then softmax.`,
  );
  yield code("kernels/models/course/name_nets.ts", "mlp");
  yield table(["tensor", "shape", "for names 1 to 5"], [
    shapeRow("x", [context]),
    shapeRow("C[x]", [context, sizes.channels]),
    shapeRow(`the same numbers as rows of ${inputs}`, [inputs]),
    shapeRow("h = tanh(… · W1 + b1)", [sizes.hidden]),
    shapeRow("logits = h · W2 + b2", [letters.count]),
  ]);
  yield say(
    "Selecting a row gives the same as a one-hot row times C, without the multiplications. Reading the vectors as one row moves no number, because they are next to each other in memory.",
  );
  yield check({
    name: "parameters",
    ours: countParameters(model),
    lecture: 3481,
    source: notebook,
    mayDiffer,
  });
  await using net = await openNet(engine, {
    model,
    random: new TorchRandom(seed),
    examples: five,
    batch: five.count,
  });
  const loss = await net.loss(Uint32Array.from(five.targets.keys())), uniformLoss = Math.log(letters.count);
  yield check({
    name: "loss of names 1 to 5 before training",
    ours: loss,
    lecture: 17.7697,
    within: 1e-4,
    source: notebook,
    mayDiffer,
  });
  yield claim(startsConfident, { loss, uniform: uniformLoss });
  return five;
}

/** 3. The net memorizes a few examples. Explains why their loss may not reach 0. */
export async function* memorizeFive(
  five: Examples,
  { letters, engine, seed }: MlpSetup,
): AsyncGenerator<Item> {
  yield heading("Learned by heart");
  const model = mlp({ vocabSize: letters.count, ...sizes });
  await using net = await openNet(engine, {
    model,
    random: new TorchRandom(seed),
    examples: five,
    batch: five.count,
  });
  const rows = Uint32Array.from({ length: 1000 * five.count }, (_, i) => i % five.count);
  const losses = await net.train({ rows, rates: .1 });
  yield figure(
    "The loss of 1,000 steps, each with all examples of five names.",
    lineChart({ series: [{ name: "loss", y: losses }], xLabel: "step", logY: true }),
  );
  const lowest = new Ngrams(five, letters.count).loss(five, 0);
  const loss = losses[losses.length - 1];
  yield table(["", "loss"], [["in the last of 1,000 steps", loss], ["lowest possible", lowest]]);
  yield claim(learnsByHeart, { weights: countParameters(model), examples: five.count, loss, lowest });
  const [ambiguous, followers] = mostFollowers(five);
  yield say(
    followers.size === 1
      ? "Each context is followed by one letter only, so the loss can come as close to 0 as you like."
      : `The loss cannot reach 0: \`${
        letters.decode(ambiguous)
      }\`, for example, is followed by ${followers.size} different letters, and no net can know which one comes next.`,
  );
}

function contextAt({ inputs }: Examples, i: number): Uint32Array {
  return inputs.subarray(i * context, (i + 1) * context);
}

/** Returns the context that is followed by the largest number of different letters, and these letters. */
function mostFollowers(examples: Examples): [context: Uint32Array, followers: Set<number>] {
  const followers = new Map<string, [Uint32Array, Set<number>]>();
  for (const [i, target] of examples.targets.entries()) {
    const before = contextAt(examples, i), key = before.join();
    const entry = followers.get(key) ?? [before, new Set<number>()];
    entry[1].add(target);
    followers.set(key, entry);
  }
  return [...followers.values()].reduce((a, b) => b[1].size > a[1].size ? b : a);
}

/** 4. Learning rates from far too small to far too large, a different one in each step. */
export async function* rateFinder({ words, letters, engine, seed }: MlpSetup): AsyncGenerator<Item> {
  yield heading("How large should a step be?");
  yield say(
    `From now on we use all names. A step with all examples would be slow, so each step takes ${batch} random examples, a minibatch. Its gradient is only roughly right, but in the time of one step with all examples we can take ${
      Math.round(words.reduce((sum, word) => sum + [...word].length + 1, 0) / batch).toLocaleString("en-US")
    } such steps. To find a good learning rate, we try 1,000 steps with rates from 0.001 to 1, evenly spaced in the exponent.`,
  );
  yield code("pipelines/lesson/net_training.ts", "trainOn");
  const examples = examplesOf(words, { letters, context }), random = new TorchRandom(seed);
  const model = mlp({ vocabSize: letters.count, ...sizes });
  await using net = await openNet(engine, { model, random, examples, batch });
  const exponents = Array.from({ length: 1000 }, (_, i) => -3 + 3 * i / 999);
  const losses = yield* trainOn(net, {
    steps: exponents.length,
    among: examples.count,
    batch,
    random,
    rate: (step) => 10 ** exponents[step],
  });
  const smooth = means(losses, 20), lowest = Math.min(...smooth.y);
  const best = exponents[Math.round(smooth.x[smooth.y.indexOf(lowest)])];
  const [smallest, largest] = [smooth.y[0], smooth.y[smooth.y.length - 1]];
  yield claim(ratesHaveValley, { smallest, lowest, largest });
  yield figure(
    "The loss of each step, by the learning rate of that step.",
    lineChart({
      series: [
        { name: "batch", x: exponents, y: losses },
        { name: "mean of 20", x: smooth.x.map((step) => exponents[Math.round(step)]), y: smooth.y },
      ],
      xLabel: "log10 of the learning rate",
      yLabel: "loss",
      yDomain: [Math.max(0, lowest - .5), 1.3 * smallest],
    }),
  );
  yield say(
    `The lowest point is at a rate of 10^${best.toFixed(1)} = ${
      (10 ** Number(best.toFixed(1))).toPrecision(2)
    }. The lecture uses 0.1, and a tenth of it in the last steps, so that the loss settles.`,
  );
  yield live("learning-rate");
}
