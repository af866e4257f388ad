/**
 * Sections of the lesson that train the lecture's small models and the model of its notebook.
 *
 * @module
 */
import { barChart } from "../../../stages/report/chart/bars.ts";
import { lineChart } from "../../../stages/report/chart/line.ts";
import { claim } from "../claim.ts";
import { check, code, figure, heading, type Item, lines, say, table } from "../item.ts";
import { allPartsHelpMost, headsAreFree, partHelps, smallNeedsNoDropout } from "./shakespeare_claims.ts";
import {
  type LectureModel,
  lectureModels,
  notebookBatch,
  notebookModel,
  smallBatch,
  smallModelRate,
} from "./lecture_models.ts";
import { lossChecks, validationCurve } from "./loss_items.ts";
import { alphabetReason, type ShakespeareInputs } from "./shakespeare_inputs.ts";
import { trainCharModel, type TrainedCharModel } from "./train_char_model.ts";

const notebook = "Let's build GPT, notebook";

/** A trained model, and its validation loss in the lecture (null if the lecture gives none). */
interface ComparedModel extends Pick<LectureModel, "name" | "lecture"> {
  readonly trained: TrainedCharModel;
}

/** Trains the small models one after another and compares them. */
export async function* modelsSection(
  bigram: TrainedCharModel,
  { corpus, engine, seed, full, reasonToDiffer }: ShakespeareInputs,
): AsyncGenerator<Item> {
  yield heading("From one head to a GPT");
  const steps = full ? 5000 : 2000, [batch, time] = smallBatch;
  yield say(
    `Each of these models adds one part to the model before it. All train on ${batch} excerpts of ${time} characters per step, with 32 channels and AdamW at a learning rate of ${smallModelRate}, for ${
      steps.toLocaleString("en-US")
    } steps.`,
  );
  yield code("kernels/models/course/char_gpt.ts", "block");
  const models: ComparedModel[] = [{ name: "bigram", lecture: 2.5, trained: bigram }];
  for (const { name, adds, config, lecture } of lectureModels) {
    yield say(`\`${name}\`: ${adds}`);
    const trained = yield* trainCharModel(engine, {
      name,
      corpus,
      config,
      shape: smallBatch,
      steps,
      rate: smallModelRate,
      every: 500,
      seed,
    });
    const before = models[models.length - 1].trained;
    models.push({ name, lecture, trained });
    if (name === "four heads") {
      yield claim(headsAreFree, { one: before.parameters, four: trained.parameters });
    }
    yield name === "dropout"
      ? claim(smallNeedsNoDropout, {
        with: trained.final.validation,
        without: before.final.validation,
        gap: before.final.validation - before.final.train,
      })
      : claim(partHelps, { name, value: trained.final.validation, other: before.final.validation });
  }
  yield table(
    ["model", "parameters", "train", "validation", "lecture"],
    models.map(({ name, lecture, trained: { parameters, final } }) => [
      name,
      parameters,
      final.train.toFixed(3),
      final.validation.toFixed(3),
      lecture ?? "",
    ]),
  );
  yield claim(allPartsHelpMost, {
    value: models[models.length - 1].trained.final.validation,
    other: bigram.final.validation,
  });
  const validations = models.map(({ trained: { final } }) => final.validation);
  yield figure(
    "The validation loss of each model at the end, and in training.",
    barChart({
      title: "validation loss of each model",
      bars: models.map(({ name, trained: { final } }) => ({ name, value: final.validation })),
    }),
    lineChart({
      title: "validation loss in training",
      xLabel: "step",
      yLabel: "validation loss",
      yDomain: [Math.min(...validations) - .1, Math.max(...validations) + .5],
      series: models.map(({ name, trained }) => validationCurve(name, trained)),
    }),
  );
  for (const { name, lecture, trained: { final } } of models) {
    if (lecture === null) continue;
    yield check({
      name: `${name}, validation loss`,
      ours: final.validation,
      lecture,
      within: .05,
      source: "Let's build GPT",
      mayDiffer: reasonToDiffer({ full: name !== "bigram" }),
    });
  }
}

/** Trains the last model of the notebook, which contains all the parts. */
export async function* notebookSection(
  { corpus, engine, seed, full, reasonToDiffer }: ShakespeareInputs,
): AsyncGenerator<Item> {
  yield heading("The notebook's GPT");
  const steps = full ? 5000 : 500;
  yield say(
    `This model has 64 channels, 4 blocks and a context of 32 characters. Each of its ${
      steps.toLocaleString("en-US")
    } steps takes 16 excerpts. The notebook divides scores by √channels instead of √width; the lecture's gpt.py corrects this. This lesson does what the notebook does, so that the losses can be compared.`,
  );
  const { estimates, final, parameters, sample } = yield* trainCharModel(engine, {
    name: "the notebook's GPT",
    corpus,
    config: notebookModel,
    shape: notebookBatch,
    steps,
    rate: 1e-3,
    every: 100,
    at: [0, 100, 500, 1000, 2000, 3000, 4000],
    seed,
    characters: full ? 1000 : 300,
  });
  yield table(
    ["step", "train", "validation"],
    estimates.map(({ step, train, validation }) => [step, train.toFixed(4), validation.toFixed(4)]),
  );
  const mayDiffer = reasonToDiffer(), source = notebook;
  yield check({
    name: "parameters",
    ours: parameters,
    lecture: 209_729,
    source,
    mayDiffer: mayDiffer ?? alphabetReason(corpus),
  });
  for (
    const [step, train, validation, within] of [
      [0, 4.4116, 4.4022, 5e-4],
      [100, 2.6568, 2.667, .01],
      [500, 2.297, 2.3136, .03],
    ] as const
  ) {
    const estimate = estimates.find((estimate) => estimate.step === step)!;
    yield* lossChecks(`at step ${step}`, estimate, { train, validation, within, source, mayDiffer });
  }
  yield* lossChecks("at the end", final, {
    train: 1.66,
    validation: 1.82,
    within: .03,
    source,
    mayDiffer: reasonToDiffer({ full: true }),
  });
  yield say("Text that the model generates:");
  yield lines(sample);
  yield say(
    `The last model of the lecture has ${
      Math.round(10_788_929 / parameters)
    } times as many parameters, and a validation loss of 1.48. \`--scale\` shows what its training costs. Models such as ChatGPT begin in the same way. But they are larger, and their tokens are parts of words instead of characters. After this training, they learn to answer: first from example conversations, then from the preferences of people, or of a model that predicts these preferences.`,
  );
}
