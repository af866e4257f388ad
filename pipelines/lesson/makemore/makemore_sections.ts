/**
 * Sections of the lesson: the data, the training of one model, samples of a saved model, and the comparison.
 *
 * @module
 */
import type { Engine } from "../../../kernels/engine/engine.ts";
import type { MakemoreType } from "../../../kernels/models/course/makemore.ts";
import { barChart } from "../../../stages/report/chart/bars.ts";
import { lineChart } from "../../../stages/report/chart/line.ts";
import { claim } from "../claim.ts";
import { check, code, figure, heading, type Item, lines, say, table } from "../item.ts";
import { means } from "../net_training.ts";
import { allBeatBigrams, gatesHelp, transformerIsBest } from "./makemore_claims.ts";
import type { MakemoreData } from "./makemore_data.ts";
import { type MakemoreHyperparameters, parameterShapes } from "./makemore_model.ts";
import { type MakemoreLosses, MakemoreTrainer } from "./makemore_trainer.ts";
import { makemoreParameters, modelDescription } from "./model_descriptions.ts";
import { readSavedModel, type SavedModel, type SavedModelRequirements, saveModel } from "./saved_model.ts";
import { wordsBySplit } from "./words_by_split.ts";
import { makeFolder } from "../../../stages/disk/files.ts";

const models = "kernels/models/course/makemore.ts";
const readme = "makemore, README.md and makemore.py";
const evalEvery = 500; // steps, as in makemore.py

/** Data, engine and options that the sections use. */
export interface MakemoreInputs {
  readonly data: MakemoreData;
  readonly hyperparameters: MakemoreHyperparameters;
  readonly engine: Engine;
  /** Number of updates of each model. */
  readonly steps: number;
  /**
   * Samples only from this number of most probable letters at each position; null to sample from all letters.
   */
  readonly topK: number | null;
  /** Whether the model is trained as in exercise E02, with regularization and a decaying learning rate. */
  readonly regularized: boolean;
  /** Whether training continues from the model saved in `out`. */
  readonly resume: boolean;
  /** Folder of the saved models. */
  readonly out: string;
  /** Why sizes and parameter counts may differ from makemore.py's; null if they should be equal. */
  readonly mayDiffer: string | null;
  /**
   * Why losses may differ from makemore.py's: the reason in `mayDiffer`, or the number of steps; null if they
   * should be equal.
   */
  readonly lossMayDiffer: string | null;
}

/** Result of training one model. */
export interface MakemoreResult {
  readonly type: MakemoreType;
  /** Number of trainable values. */
  readonly parameters: number;
  /** Number of updates. */
  readonly steps: number;
  /** The evaluation with the lowest test loss. */
  readonly best: MakemoreLosses;
  /** Duration of training and evaluation in seconds. */
  readonly seconds: number;
}

/** Shows how words become rows of inputs and targets. */
export function* rowsSection(
  { data: { letters, train, test, examples }, mayDiffer }: MakemoreInputs,
): Generator<Item> {
  const { context } = examples, { symbols } = letters;
  yield heading("Words in rows");
  yield say(
    `Until now, an example was a context of fixed length and the letter after it. Here an example is a whole word. It is a row of ${context} positions: one for each letter of the longest word, and one for the boundary mark. A model computes logits for all positions of a row at once, for each position from the letters up to it. Positions after the end of the word are padding. They have no target (\`-\`) and do not count in the loss:`,
  );
  const ids = examples.inputs.subarray(0, context), targets = examples.targets.subarray(0, context);
  yield lines([
    `inputs   ${Array.from(ids, (id) => symbols[id]).join(" ")}`,
    `targets  ${Array.from(targets, (id) => id < letters.count ? symbols[id] : "-").join(" ")}`,
  ]);
  yield say(
    `There are ${train.length.toLocaleString("en-US")} words for training and ${
      test.length.toLocaleString("en-US")
    } for testing. The test words are a random tenth of all words, but at most 1,000.`,
  );
  yield check({ name: "places in a row", ours: context, lecture: 16, source: readme, mayDiffer });
}

/**
 * Trains a model, saves it whenever its test loss reaches a new minimum, and samples words from the best
 * saved model.
 */
export async function* trainingSection(
  type: MakemoreType,
  inputs: MakemoreInputs,
): AsyncGenerator<Item, MakemoreResult> {
  const { steps, engine, data, hyperparameters, topK, regularized, mayDiffer } = inputs;
  const path = modelPath(type, inputs);
  yield heading(type);
  yield say(modelDescription(type, { ...hyperparameters, symbols: data.letters.count }));
  yield code(models, type === "transformer" ? "makemore" : type);
  if (regularized) {
    const { learningRate, weightDecay, dropout = 0 } = hyperparameters;
    yield say(
      `This run works against overfitting with the options of \`--solution E02\`: a learning rate that falls from ${learningRate} to 0, a weight decay of ${weightDecay} and a dropout of ${dropout}.`,
    );
  }
  const saved = inputs.resume ? await savedModel(type, inputs) : null;
  const began = performance.now(), curve = new Float32Array(steps), evaluations: MakemoreLosses[] = [];
  await using trainer = await MakemoreTrainer.open(type, {
    engine,
    data,
    hyperparameters,
    ...(saved && { weights: saved.weights }),
  });
  const { parameters } = trainer, lecture = makemoreParameters[type];
  if (lecture === null) yield say(`${parameters.toLocaleString("en-US")} parameters.`);
  else yield check({ name: "parameters", ours: parameters, lecture, source: readme, mayDiffer });
  if (saved !== null) yield say(`Continues from \`${path}\`, whose test loss is ${saved.test.toFixed(4)}.`);
  let best = { step: 0, train: NaN, test: saved?.test ?? Infinity }, weights = saved?.weights ?? null;
  await makeFolder(inputs.out);
  while (trainer.steps < steps) {
    const first = trainer.steps, count = Math.min(evalEvery, steps - first);
    curve.set(yield* trainer.train(count, { total: steps, decay: regularized }), first);
    const losses = await trainer.evaluate();
    evaluations.push(losses);
    if (!(losses.test < best.test)) continue; // a loss of NaN is no improvement
    [best, weights] = [losses, await trainer.weights()];
    await saveModel(path, { weights, test: best.test, identity: requirementsOf(type, inputs).identity });
  }
  const seconds = (performance.now() - began) / 1000;
  yield lossFigure(curve, evaluations);
  if (weights !== null) trainer.write(weights);
  yield say(bestSentence(best, { path, saved: saved !== null }));
  yield wordsBySplit(await trainer.sample(20, { topK }), data);
  return { type, parameters, steps, best, seconds };
}

function lossFigure(curve: Float32Array, evaluations: readonly MakemoreLosses[]): Item {
  const width = Math.max(1, Math.round(curve.length / 100)), x = evaluations.map(({ step }) => step);
  const caption = width === 1
    ? "Each batch holds other words, so the loss jumps from step to step."
    : `\`batches\`: means over ${width} steps.`;
  const evaluated = ` \`train\` and \`test\`: evaluations, every ${evalEvery} steps and at the end.`;
  return figure(
    evaluations.length < 2 ? caption : caption + evaluated,
    lineChart({
      series: [
        { name: "batches", ...means(curve, width) },
        ...(evaluations.length < 2 ? [] : [
          { name: "train", x, y: evaluations.map(({ train }) => train) },
          { name: "test", x, y: evaluations.map(({ test }) => test) },
        ]),
      ],
      xLabel: "step",
      yLabel: "loss",
    }),
  );
}

function bestSentence(
  { step, train, test }: MakemoreLosses,
  { path, saved }: { readonly path: string; readonly saved: boolean },
): string {
  if (step > 0) {
    return `The best model is that of step ${step.toLocaleString("en-US")}: train ${train.toFixed(4)}, test ${
      test.toFixed(4)
    }; saved as \`${path}\`. Words sampled from it:`;
  }
  return saved
    ? `No evaluation had a lower loss than the saved model: test ${
      test.toFixed(4)
    }; \`${path}\` is unchanged. Words sampled from it:`
    : "The loss was NaN or infinite at every evaluation, so no model was saved. Try a lower `--learning-rate`. Words sampled from the last weights:";
}

/** Samples words from a saved model, for `--sample-only`. */
export async function* samplesSection(type: MakemoreType, inputs: MakemoreInputs): AsyncGenerator<Item> {
  const { engine, data, hyperparameters, topK } = inputs, path = modelPath(type, inputs);
  yield heading(type);
  const { weights, test } = await savedModel(type, inputs);
  await using trainer = await MakemoreTrainer.open(type, { engine, data, hyperparameters, weights });
  yield say(`Words sampled from \`${path}\`, whose test loss is ${test.toFixed(4)}:`);
  yield wordsBySplit(await trainer.sample(50, { topK }), data);
}

/** Compares the trained models. */
export function* modelComparisonSection(
  results: readonly MakemoreResult[],
  { lossMayDiffer: mayDiffer }: MakemoreInputs,
): Generator<Item> {
  yield heading(results.length > 1 ? "All models" : "The result");
  yield table(
    ["type", "parameters", "train", "test", "best step", "seconds"],
    results.map(({ type, parameters, best, seconds }) => [
      type,
      parameters,
      best.train.toFixed(4),
      best.test.toFixed(4),
      best.step,
      seconds.toFixed(0),
    ]),
  );
  if (results.length > 1) {
    const mostSteps = Math.max(...results.map(({ steps }) => steps));
    yield* comparisonClaims(results);
    yield figure(
      `Lowest test loss of each model in at most ${mostSteps.toLocaleString("en-US")} steps.`,
      barChart({
        bars: results.map(({ type, best }) => ({ name: type, value: best.test })),
        xLabel: "test loss",
      }),
    );
  }
  const transformer = results.find(({ type }) => type === "transformer")?.best.test;
  if (transformer === undefined) return;
  yield check({
    name: `transformer's test loss ${transformer.toFixed(4)}`,
    ours: transformer <= 1.93 ? "at most 1.93" : "above 1.93",
    lecture: "at most 1.93",
    source: readme,
    mayDiffer,
  });
}

/** Claims about the models that were trained. */
function* comparisonClaims(results: readonly MakemoreResult[]): Generator<Item> {
  const best = results.reduce((a, b) => b.best.test < a.best.test ? b : a);
  const lossOf = (type: MakemoreType): number | undefined =>
    results.find((result) => result.type === type)?.best.test;
  const [bigram, rnn, gru, transformer] = (["bigram", "rnn", "gru", "transformer"] as const).map(lossOf);
  if (bigram !== undefined) {
    const worse = results.filter(({ type, best: { test } }) => type !== "bigram" && !(test < bigram));
    yield claim(allBeatBigrams, { bigram, worse: worse.map(({ type }) => type) });
  }
  if (rnn !== undefined && gru !== undefined) yield claim(gatesHelp, { value: gru, other: rnn });
  if (transformer !== undefined) {
    yield claim(transformerIsBest, { best: best.type, loss: best.best.test, transformer });
  }
}

/**
 * Reads the model that an earlier run saved in `out`. Throws UsageError for a missing model and for one that
 * was trained on other data or with other sizes.
 */
export function savedModel(
  type: MakemoreType,
  inputs: Pick<MakemoreInputs, "data" | "hyperparameters" | "out">,
): Promise<SavedModel> {
  return readSavedModel(modelPath(type, inputs), requirementsOf(type, inputs));
}

function modelPath(type: MakemoreType, { out }: Pick<MakemoreInputs, "out">): string {
  return `${out}/${type}.safetensors`;
}

/**
 * Returns the properties that a saved model must have so that it can be used with this data and these
 * hyperparameters.
 */
function requirementsOf(
  type: MakemoreType,
  { data, hyperparameters }: Pick<MakemoreInputs, "data" | "hyperparameters">,
): SavedModelRequirements {
  const { letters, examples, train, test } = data;
  return {
    identity: {
      type,
      letters: letters.symbols.join(""),
      context: String(examples.context),
      words: String(train.length + test.length),
      seed: String(hyperparameters.seed),
    },
    shapes: parameterShapes(type, { data, hyperparameters }),
  };
}
