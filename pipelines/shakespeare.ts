/**
 * Lesson 7: a GPT, from counting pairs of characters to attention, one part at a time, each with the loss that it brings.
 *
 * After Karpathy, "Let's build GPT: from scratch, in code, spelled out".
 *
 * @module
 */
import { TorchRandom } from "../kernels/random/torch_random.ts";
import { barChart } from "../stages/report/chart/bars.ts";
import { lineChart } from "../stages/report/chart/line.ts";
import { flag, oneOf } from "./cli/option_types.ts";
import { text } from "./lesson/data.ts";
import { check, figure, heading, type Item, lines, say, table } from "./lesson/item.ts";
import { lesson } from "./lesson/lesson.ts";
import { additionSolution } from "./lesson/shakespeare/addition_solution.ts";
import {
  averagesSection,
  headSection,
  scaledScoresSection,
} from "./lesson/shakespeare/attention_sections.ts";
import { corpusOf, draw } from "./lesson/shakespeare/corpus.ts";
import { fineTuneSolution } from "./lesson/shakespeare/fine_tune.ts";
import { headsAsOne } from "./lesson/shakespeare/heads_as_one.ts";
import { nanogptSection } from "./lesson/shakespeare/nanogpt.ts";
import { paperSolution } from "./lesson/shakespeare/paper.ts";
import { scaleSection } from "./lesson/shakespeare/scale.ts";
import type { Setting } from "./lesson/shakespeare/setting.ts";
import {
  notebookModel,
  notebookShape,
  type Station,
  stationRate,
  stations,
  stationShape,
} from "./lesson/shakespeare/stations.ts";
import { trained, type TrainedModel } from "./lesson/shakespeare/trained.ts";

const lecture = "Let's build GPT";
const notebook = "Let's build GPT, notebook";
const group = "Lesson";

export default lesson({
  part: 7,
  about: "a GPT for characters: bigrams, averages, attention, and what each part of a block brings",
  short:
    "2,000 steps at each station and 500 of the last model, not 5,000; --preset and --scale are not shortened",
  seed: 1337,
  data: text,
  options: {
    preset: oneOf("train this model instead of the lesson's: nanoGPT's smallest for Shakespeare", {
      value: null,
      group,
      choices: ["nanogpt-cpu"],
    }),
    scale: flag(
      "plan the lecture's last model of 10.8 million parameters; with --full and a GPU, train it too",
      {
        value: false,
        group,
      },
    ),
  },
  async *run(o, env) {
    const { full, seed } = o, corpus = corpusOf(env.data.text), engine = await env.engine();
    const setting: Setting = { corpus, engine, seed, full, reasonToDiffer: env.reasonToDiffer };
    if (o.scale) return yield* scaleSection(setting);
    if (o.preset === "nanogpt-cpu") return yield* nanogptSection(setting);
    yield* dataSection(env.data.text, setting);
    const bigram = yield* bigramSection(setting);
    yield* averagesSection(setting);
    yield* headSection(setting);
    yield* scaledScoresSection(setting);
    yield* stationsSection(bigram, setting);
    yield* notebookSection(setting);
  },
  exercises: {
    EX1: {
      ask:
        "Make all heads one batched tensor instead of a list of heads, and show that nothing else changes.",
      solution: (o, env) => headsAsOne(env.engine, o.seed),
    },
    EX2: {
      ask:
        "Teach a GPT to add: a+b=c as text, the digits of c reversed, the loss counting c alone. How many sums that it never saw does it get right?",
      solution: (o, env) => additionSolution(env.engine, o.seed),
    },
    EX3: {
      ask: "Train on a larger text first, then with few steps on this one. Is the loss lower than without?",
      solution: (o, env) => fineTuneSolution(env, { source: o.source, seed: o.seed, full: o.full }),
    },
    EX4: {
      ask: "Take one feature from a paper on transformers. Does it lower the loss?",
      solution: (o, env) => paperSolution(env, { seed: o.seed, full: o.full }),
    },
  },
});

/** 1. A text is a list of numbers, and each excerpt holds as many examples as characters. */
function* dataSection(whole: string, { corpus, seed, reasonToDiffer }: Setting): Generator<Item> {
  yield heading("The text as numbers");
  const { tokenizer, train, validation } = corpus, mayDiffer = reasonToDiffer();
  yield lines(whole.slice(0, 200).trimEnd());
  const shown = tokenizer.characters.slice(0, 100).join("").replace("\n", "⏎");
  yield say(`Each character is a token. The alphabet, sorted: \`${shown}\``);
  const known = [..."hii there"].every((character) => tokenizer.characters.includes(character));
  const words = known ? "hii there" : [...whole.slice(0, 20)].slice(0, 9).join("");
  yield say(`\`${words}\` is ${tokenizer.encode(words).join(" ")}.`);
  const source = lecture;
  yield check({ name: "symbols", ours: tokenizer.vocabSize, lecture: 65, source, mayDiffer });
  yield check({ name: "tokens to learn from", ours: train.length, lecture: 1_003_854, source, mayDiffer });
  yield check({ name: "tokens held out", ours: validation.length, lecture: 111_540, source, mayDiffer });
  const all = tokenizer.decode([...train, ...validation]);
  yield check({
    name: "decode(encode(text)) is the text",
    ours: String(all === whole),
    lecture: "true",
    source,
  });
  yield say("Nine characters hold eight examples, one for each length that has come before:");
  const first = [...train.subarray(0, 9)];
  yield lines(
    first.slice(0, 8).map((_, t) => `after [${first.slice(0, t + 1).join(" ")}] comes ${first[t + 1]}`),
  );
  const { inputs } = draw(train, { random: new TorchRandom(seed), shape: [4, 8] });
  yield say("A batch is several excerpts from random places, here four; they never hear of each other:");
  yield lines(Array.from({ length: 4 }, (_, row) => inputs.subarray(row * 8, row * 8 + 8).join(" ")));
  yield check({
    name: "the first excerpt",
    ours: inputs.subarray(0, 8).join(" "),
    lecture: "24 43 58 5 57 1 46 43",
    source: notebook,
    mayDiffer,
  });
}

/** 2. The simplest language model: a table with a row of logits for each character. */
async function* bigramSection(
  { corpus, engine, seed, reasonToDiffer }: Setting,
): AsyncGenerator<Item, TrainedModel> {
  yield heading("Bigrams");
  const V = corpus.tokenizer.vocabSize, mayDiffer = reasonToDiffer();
  yield say(
    `A table of ${V} rows: what comes after a character depends on it alone. Knowing nothing costs ln ${V} = ${
      Math.log(V).toFixed(2)
    } nats a character; random numbers in the table cost more, for they are confident.`,
  );
  const model = yield* trained(engine, {
    name: "bigram",
    corpus,
    config: "bigram",
    shape: [32, 8],
    steps: 3000,
    rate: 1e-2,
    every: 300,
    seed,
    characters: 200,
  });
  yield figure(
    "It falls quickly to what pairs can tell, and no further: a model that sees one character has no more to learn.",
    lineChart({
      title: "loss of the bigram model",
      xLabel: "step",
      yLabel: "nats a character",
      series: (["train", "validation"] as const).map((split) => ({
        name: split,
        x: model.estimates.map(({ step }) => step),
        y: model.estimates.map((estimate) => estimate[split]),
      })),
    }),
  );
  for (const [step, lectures] of [[0, [4.7305, 4.7241]], [2700, [2.4738, 2.4911]]] as const) {
    const found = model.estimates.find((estimate) => estimate.step === step)!;
    for (const [i, split] of (["train", "validation"] as const).entries()) {
      yield check({
        name: `bigram, ${split} loss at step ${step}`,
        ours: found[split],
        lecture: lectures[i],
        within: step === 0 ? 1e-4 : 1e-3,
        source: "bigram.py",
        mayDiffer,
      });
    }
  }
  yield say("What it writes looks like words from afar:");
  yield lines(model.sample);
  return model;
}

/** 3. to 5. stand in attention_sections.ts. 6. The parts of a GPT, one after another. */
async function* stationsSection(bigram: TrainedModel, setting: Setting): AsyncGenerator<Item> {
  const { corpus, engine, seed, full, reasonToDiffer } = setting, steps = full ? 5000 : 2000;
  yield heading("From one head to a GPT");
  yield say(
    `All with 32 excerpts of 8 characters a step, 32 channels, AdamW at ${stationRate}; ${
      steps.toLocaleString("en-US")
    } steps each.`,
  );
  const found: { readonly station: Pick<Station, "name" | "lecture">; readonly model: TrainedModel }[] = [
    { station: { name: "bigram", lecture: 2.5 }, model: bigram },
  ];
  for (const station of stations) {
    yield say(`\`${station.name}\`: ${station.adds}`);
    const model = yield* trained(engine, {
      name: station.name,
      corpus,
      config: station.config,
      shape: stationShape,
      steps,
      rate: stationRate,
      every: 500,
      seed,
    });
    found.push({ station, model });
  }
  const last = ({ estimates }: TrainedModel) => estimates[estimates.length - 1];
  yield table(
    ["station", "parameters", "train", "validation", "lecture"],
    found.map(({ station: { name, lecture }, model }) => [
      name,
      model.parameters,
      last(model).train.toFixed(3),
      last(model).validation.toFixed(3),
      lecture ?? "",
    ]),
  );
  yield figure(
    "Each part lowers the loss; residual streams and depth most of all.",
    barChart({
      title: "validation loss at each station",
      bars: found.map(({ station: { name }, model }) => ({ name, value: last(model).validation })),
    }),
    lineChart({
      title: "on the way",
      xLabel: "step",
      yLabel: "validation loss",
      yDomain: [2, 3],
      series: found.map(({ station: { name }, model: { estimates } }) => ({
        name,
        x: estimates.map(({ step }) => step),
        y: estimates.map(({ validation }) => validation),
      })),
    }),
  );
  for (const { station: { name, lecture: published }, model } of found) {
    if (published === null) continue;
    yield check({
      name: `${name}, validation loss`,
      ours: last(model).validation,
      lecture: published,
      within: .05,
      source: lecture,
      mayDiffer: reasonToDiffer({ full: name !== "bigram" }),
    });
  }
}

/** 7. All of it, twice as wide and four times as far back. */
async function* notebookSection(
  { corpus, engine, seed, full, reasonToDiffer }: Setting,
): AsyncGenerator<Item> {
  yield heading("The notebook's GPT");
  const steps = full ? 5000 : 500;
  yield say(
    `64 channels, 4 blocks, 32 characters back, 16 excerpts a step; ${
      steps.toLocaleString("en-US")
    } steps. The notebook divides scores by √channels instead of √width, which the lecture's gpt.py mends; here it is kept, so that its losses come out.`,
  );
  const model = yield* trained(engine, {
    name: "the notebook's GPT",
    corpus,
    config: notebookModel,
    shape: notebookShape,
    steps,
    rate: 1e-3,
    every: 100,
    at: [0, 100, 500, 1000, 2000, 3000, 4000],
    seed,
    characters: full ? 1000 : 300,
  });
  const { estimates } = model, source = notebook;
  yield table(
    ["step", "train", "validation"],
    estimates.map(({ step, train, validation }) => [step, train.toFixed(4), validation.toFixed(4)]),
  );
  const mayDiffer = reasonToDiffer();
  const fits = mayDiffer ?? (corpus.tokenizer.vocabSize === 65 ? null : "another alphabet");
  yield check({ name: "parameters", ours: model.parameters, lecture: 209_729, source, mayDiffer: fits });
  for (
    const [step, train, validation, within] of [
      [0, 4.4116, 4.4022, 5e-4],
      [100, 2.6568, 2.667, .01],
      [500, 2.297, 2.3136, .03],
    ] as const
  ) {
    const at = estimates.find((estimate) => estimate.step === step)!;
    yield check({
      name: `train loss at step ${step}`,
      ours: at.train,
      lecture: train,
      within,
      source,
      mayDiffer,
    });
    yield check({
      name: `validation loss at step ${step}`,
      ours: at.validation,
      lecture: validation,
      within,
      source,
      mayDiffer,
    });
  }
  const end = estimates[estimates.length - 1], whole = reasonToDiffer({ full: true });
  yield check({
    name: "train loss at the end",
    ours: end.train,
    lecture: 1.66,
    within: .03,
    source,
    mayDiffer: whole,
  });
  yield check({
    name: "validation loss at the end",
    ours: end.validation,
    lecture: 1.82,
    within: .03,
    source,
    mayDiffer: whole,
  });
  yield lines(model.sample);
  yield say(
    "The lecture ends with a model 50 times as large, whose loss is 1.48: `--scale` says what it takes. A GPT like ChatGPT is this again, larger, on words' pieces instead of characters, and then taught to answer: first from conversations, then from what people, or a model of their taste, prefer.",
  );
}
