/**
 * Lesson 9: makemore.py's models of letters on the same words, from a table of pairs to a transformer.
 *
 * Sources: https://github.com/karpathy/makemore; Bengio et al. 2003 (mlp); Mikolov et al. 2010 (rnn); Cho et al. 2014
 * (gru); Vaswani et al. 2017 and Radford et al. 2019 (transformer).
 *
 * @module
 */
import type { Engine } from "../kernels/engine/engine.ts";
import { type MakemoreType, makemoreTypes } from "../kernels/models/course/makemore.ts";
import { barChart } from "../stages/report/chart/bars.ts";
import { lineChart } from "../stages/report/chart/line.ts";
import { flag, integer, number, oneOf } from "./cli/option_types.ts";
import { UsageError } from "./cli/usage_error.ts";
import { names } from "./lesson/data.ts";
import { check, figure, heading, type Item, lines, say, table } from "./lesson/item.ts";
import { lesson } from "./lesson/lesson.ts";
import { Letters } from "./lesson/letters.ts";
import { keepModel, keptModel, type MakemoreIdentity } from "./lesson/makemore/makemore_file.ts";
import {
  type Evaluated,
  type MakemoreData,
  makemoreData,
  MakemoreRun,
  type MakemoreSettings,
  shapesOfModel,
} from "./lesson/makemore/makemore_run.ts";
import {
  notByHeart,
  notByHeartSettings,
  notByHeartSteps,
  ratesOf,
} from "./lesson/makemore/makemore_solutions.ts";
import { means } from "./lesson/net_training.ts";
import { sortedWords } from "./lesson/makemore/sorted_words.ts";
import { makeFolder } from "../stages/disk/files.ts";

const readme = "makemore, README.md and makemore.py";
const shortRun = 1000;
const fullRun = 12_000; // the transformer is best before
const group = "makemore.py";

/** What makemore.py's sizes come to, with 27 symbols and words of at most 15. */
const published: Readonly<Record<MakemoreType, number | null>> = {
  bigram: 729,
  bow: 12_827,
  mlp: 69_147,
  rnn: 11_803,
  gru: 28_315,
  lstm: null, // not makemore.py's, but char-rnn's
  transformer: 204_544,
};

/** What each model makes of the letters before. */
const about: Readonly<Record<MakemoreType, string>> = {
  bigram:
    "A row of logits for each letter: it sees the last letter and nothing else. Lesson 2's table, by gradients.",
  bow:
    "A bag of words: letters and their places get vectors, and to each is added the mean of all so far. What is before counts, its order hardly does.",
  mlp:
    "Bengio's net of lesson 3, with as many letters of context as a row has. Before the beginning it sees a symbol of its own: 28 rows of vectors, not 27.",
  rnn:
    "A recurrent net: a state of 64 numbers goes along the word, and each letter changes it by one layer. Any length fits; what is long ago has gone through many tanhs.",
  gru:
    "The same with gates: at each letter it decides, number by number, what of the state to forget for the proposal and how much of that to take.",
  lstm:
    "Not in makemore.py, but in char-rnn before it: beside the state a memory that is only added to and faded, so that what is long ago still has a slope.",
  transformer:
    "GPT-2 in small: each letter looks at all before it and takes from those that matter, 4 heads in each of 4 layers. `shakespeare` builds it step by step.",
};

const defaults = {
  nLayer: 4,
  nHead: 4,
  nEmbd: 64,
  nEmbd2: 64,
  batchSize: 32,
  learningRate: 5e-4,
  weightDecay: .01,
};
const size = { min: 1, max: 4096, group };

const options = {
  type: oneOf<MakemoreType | "all">("which model; all: one after another, and a table", {
    value: "all",
    choices: ["all", ...makemoreTypes],
    group,
  }),
  maxSteps: integer(
    `steps; default: ${shortRun.toLocaleString("en-US")}, with --full ${fullRun.toLocaleString("en-US")}`,
    {
      value: null,
      min: 1,
      max: 1e8,
      group,
    },
  ),
  nLayer: integer("blocks of the transformer", { ...size, value: defaults.nLayer }),
  nHead: integer("its attention heads; must divide --n-embd", { ...size, value: defaults.nHead }),
  nEmbd: integer("numbers in a vector of a letter", { ...size, value: defaults.nEmbd }),
  nEmbd2: integer("neurons of hidden layers and states elsewhere", { ...size, value: defaults.nEmbd2 }),
  batchSize: integer("words a step", { ...size, value: defaults.batchSize }),
  learningRate: number("AdamW's, the same at every step", { value: defaults.learningRate, min: 0, group }),
  weightDecay: number("AdamW's, on matrices; makemore.py's also pulls on biases", {
    value: defaults.weightDecay,
    min: 0,
    group,
  }),
  topK: integer("draw from the K likeliest letters only", { value: null, min: 1, max: 4096, group }),
  resume: oneOf("auto: go on with the best model in --out, its optimizer begun anew", {
    value: "never",
    choices: ["auto", "never"],
    group,
  }),
  sampleOnly: flag("draw 50 words from the best model in --out, and do not train", { value: false, group }),
};

/** What the sections share. */
interface Given {
  readonly data: MakemoreData;
  readonly settings: MakemoreSettings;
  readonly engine: Engine;
  readonly steps: number;
  readonly topK: number | null;
  /** The rate falls to 0. */
  readonly falls: boolean;
  /** Begin with what is in `out`. */
  readonly goOn: boolean;
  readonly sampleOnly: boolean;
  readonly out: string;
  /** Why parameter counts need not be makemore.py's; why losses. */
  readonly mayDiffer: string | null;
  readonly unlessFull: string | null;
}

/** What became of a model. */
interface Outcome {
  readonly type: MakemoreType;
  readonly parameters: number;
  readonly best: Evaluated;
  readonly seconds: number;
}

export default lesson({
  part: 9,
  about: "makemore.py: bigram, bag of words, MLP, RNN, GRU, LSTM and transformer on the same words",
  short: `${shortRun.toLocaleString("en-US")} steps of each, not ${fullRun.toLocaleString("en-US")}`,
  seed: 3407,
  data: names,
  options,
  async refuse(o, { data: { words }, out }) {
    const { nHead, nEmbd, solution } = o, types = typesOf(o.type);
    if (types.includes("transformer") && nEmbd % nHead !== 0) {
      throw new UsageError(`Bad value for --n-head: ${nHead}: expected a divisor of --n-embd ${nEmbd}`);
    }
    if (solution !== null || !o.sampleOnly && o.resume === "never") return;
    const data = makemoreData(words, { letters: new Letters(words), seed: o.seed });
    for (const type of types) {
      await keptModel(pathOf(type, { out }), expectedOf(type, { data, settings: o }));
    }
  },
  async *run(o, env) {
    const types = typesOf(o.type);
    const { words } = env.data,
      letters = new Letters(words),
      steps = o.maxSteps ?? (o.full ? fullRun : shortRun);
    const other = Object.entries(defaults).find(([name, value]) =>
      Object.entries(o).some(([n, v]) => n === name && v !== value)
    );
    const mayDiffer = env.reasonToDiffer() ?? (other === undefined ? null : "other options");
    const given: Given = {
      data: makemoreData(words, { letters, seed: o.seed }),
      settings: o,
      engine: await env.engine(),
      steps,
      falls: false,
      topK: o.topK,
      goOn: o.resume === "auto",
      sampleOnly: o.sampleOnly,
      out: env.out,
      mayDiffer,
      unlessFull: mayDiffer ??
        (steps === fullRun
          ? null
          : o.maxSteps === null
          ? env.reasonToDiffer({ full: true })
          : "another number of steps"),
    };
    if (!o.sampleOnly) yield* wordsInRows(given);
    const outcomes: Outcome[] = [];
    for (const type of types) {
      if (o.sampleOnly) yield* sampled(type, given);
      else {
        const mended = type === "transformer" && o.full && o.maxSteps === null && mayDiffer === null;
        outcomes.push(yield* trained(type, mended ? notByHeartPlan(given) : given));
      }
    }
    if (outcomes.length > 0) yield* allOfThem(outcomes, given);
  },
  exercises: {
    E01: {
      ask: "makemore.py has one learning rate for all. Find a better one for each of the small models.",
      solution: (o, env) => ratesOf(env, { settings: o, steps: o.maxSteps ?? (o.full ? 5000 : shortRun) }),
    },
    E02: {
      ask:
        "With --full the transformer's test loss stops falling long before its train loss does: it learns names by heart. Get further.",
      solution: (o, env) =>
        notByHeart(env, { settings: o, steps: o.maxSteps ?? (o.full ? notByHeartSteps : shortRun) }),
    },
  },
});

/** Of all, from what sees least to what sees most. */
function typesOf(type: MakemoreType | "all"): readonly MakemoreType[] {
  return type === "all" ? ["bigram", "bow", "mlp", "rnn", "gru", "lstm", "transformer"] : [type];
}

/** How --full trains the transformer. */
function notByHeartPlan(given: Given): Given {
  return { ...given, settings: notByHeartSettings(given.settings), steps: notByHeartSteps, falls: true };
}

/** 1. One loader for all. */
function* wordsInRows({ data: { letters, train, test, examples }, mayDiffer }: Given): Generator<Item> {
  const { context } = examples, { symbols } = letters;
  yield heading("Words in rows");
  yield say(
    `Until now an example was one letter and a fixed number before it. Here it is a word: a row of ${context} places, as many as the longest word has and one for the mark. A model gives logits for each place from what stands before, all at once. What is right of the word is filled up, and what should come there counts for nothing:`,
  );
  const ids = examples.inputs.subarray(0, context), targets = examples.targets.subarray(0, context);
  yield lines([
    `sees    ${Array.from(ids, (id) => symbols[id]).join(" ")}`,
    `should  ${Array.from(targets, (id) => id < letters.count ? symbols[id] : "-").join(" ")}`,
  ]);
  yield say(
    `${train.length.toLocaleString("en-US")} words to learn from and ${
      test.length.toLocaleString("en-US")
    } to test by, a random tenth but at most 1,000.`,
  );
  yield check({ name: "places in a row", ours: context, lecture: 16, source: readme, mayDiffer });
}

/** 2. A model from its first weights to its words; the best of it is kept. */
async function* trained(type: MakemoreType, given: Given): AsyncGenerator<Item, Outcome> {
  const { steps, engine, data, settings, topK, mayDiffer } = given, path = pathOf(type, given);
  yield heading(type);
  yield say(about[type]);
  if (given.falls) {
    yield say(
      "With makemore.py's own rate and decay it learns names by heart: its best test loss is 1.973. So it is trained as in `--solution E02`: a rate of 0.002 that falls to 0, ten times the decay, a twentieth dropped.",
    );
  }
  const before = given.goOn ? await keptModel(path, expectedOf(type, given)) : null;
  const began = performance.now(), curve = new Float32Array(steps), seen: Evaluated[] = [];
  await using run = await MakemoreRun.open(type, {
    engine,
    data,
    settings,
    ...(before && { weights: before.weights }),
  });
  const lecture = published[type];
  if (lecture === null) yield say(`${run.parameters.toLocaleString("en-US")} parameters.`);
  else yield check({ name: "parameters", ours: run.parameters, lecture, source: readme, mayDiffer });
  if (before !== null) yield say(`It goes on from \`${path}\`, test ${before.test.toFixed(4)}.`);
  let best = { step: 0, train: NaN, test: before?.test ?? Infinity }, weights = before?.weights ?? null;
  await makeFolder(given.out);
  while (run.steps < steps) {
    const from = run.steps;
    curve.set(yield* run.train(Math.min(evalEvery, steps - from), { of: steps, falls: given.falls }), from);
    const now = await run.evaluate();
    seen.push(now);
    if (!(now.test < best.test)) continue;
    [best, weights] = [now, await run.weights()];
    await keepModel(path, { weights, test: best.test, identity: identityOf(type, given) });
  }
  const seconds = (performance.now() - began) / 1000, width = Math.max(1, Math.round(steps / 100));
  yield figure(
    width === 1 && seen.length < 2
      ? "Each batch is other words, so it jumps."
      : `Means of ${width} batches${seen.length < 2 ? "" : `, and the two losses every ${evalEvery} steps`}.`,
    lineChart({
      series: [
        { name: "batches", ...means(curve, width) },
        ...(seen.length < 2 ? [] : [
          { name: "train", x: seen.map(({ step }) => step), y: seen.map(({ train }) => train) },
          { name: "test", x: seen.map(({ step }) => step), y: seen.map(({ test }) => test) },
        ]),
      ],
      xLabel: "step",
      yLabel: "loss",
    }),
  );
  if (weights !== null) run.write(weights);
  yield say(
    `Best at step ${best.step.toLocaleString("en-US")}: train ${best.train.toFixed(4)}, test ${
      best.test.toFixed(4)
    }; kept in \`${path}\`. Its words:`,
  );
  yield sortedWords(await run.sample(20, { topK }), data);
  return { type, parameters: run.parameters, best, seconds };
}

/** `--sample-only`: words of a model that was kept. */
async function* sampled(type: MakemoreType, given: Given): AsyncGenerator<Item> {
  const { engine, data, settings, topK } = given, path = pathOf(type, given);
  yield heading(type);
  const { weights, test } = await keptModel(path, expectedOf(type, given));
  await using run = await MakemoreRun.open(type, { engine, data, settings, weights });
  yield say(`\`${path}\`, test ${test.toFixed(4)}.`);
  yield sortedWords(await run.sample(50, { topK }), data);
}

/** 3. All models side by side. */
function* allOfThem(outcomes: readonly Outcome[], { steps, unlessFull }: Given): Generator<Item> {
  yield heading(outcomes.length > 1 ? "All of them" : "How good it is");
  yield table(
    ["type", "parameters", "train", "test", "best step", "seconds"],
    outcomes.map(({ type, parameters, best, seconds }) => [
      type,
      parameters,
      best.train.toFixed(4),
      best.test.toFixed(4),
      best.step,
      seconds.toFixed(0),
    ]),
  );
  if (outcomes.length > 1) {
    yield figure(
      `Test loss after at most ${steps.toLocaleString("en-US")} steps: lower is better.`,
      barChart({
        bars: outcomes.map(({ type, best }) => ({ name: type, value: best.test })),
        xLabel: "test loss",
      }),
    );
  }
  const transformer = outcomes.find(({ type }) => type === "transformer")?.best.test;
  if (transformer === undefined) return;
  yield check({
    name: `transformer's test loss ${transformer.toFixed(4)}`,
    ours: transformer <= 1.93 ? "at most 1.93" : "above 1.93",
    lecture: "at most 1.93",
    source: readme,
    mayDiffer: unlessFull,
  });
}

const evalEvery = 500;

function pathOf(type: MakemoreType, { out }: Pick<Given, "out">): string {
  return `${out}/${type}.safetensors`;
}

function identityOf(
  type: MakemoreType,
  { data: { letters, examples, train, test }, settings: { seed } }: Pick<Given, "data" | "settings">,
): MakemoreIdentity {
  return {
    type,
    letters: letters.symbols.join(""),
    context: String(examples.context),
    words: String(train.length + test.length),
    seed: String(seed),
  };
}

function expectedOf(
  type: MakemoreType,
  given: Pick<Given, "data" | "settings">,
): Parameters<typeof keptModel>[1] {
  return { identity: identityOf(type, given), shapes: shapesOfModel(type, given) };
}
