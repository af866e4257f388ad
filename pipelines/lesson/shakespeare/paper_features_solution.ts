/**
 * Exercise EX4: two features from papers. Each feature is an option of the model.
 *
 * @module
 */
import { lineChart } from "../../../stages/report/chart/line.ts";
import type { Text } from "../data.ts";
import { claim } from "../claim.ts";
import { code, figure, type Item, say, table } from "../item.ts";
import { squaredReluHelps, tyingNeedsOtherWeights } from "./shakespeare_claims.ts";
import type { LessonEnv } from "../lesson.ts";
import { corpusOf } from "./corpus.ts";
import { type CharGptShape, notebookBatch, notebookModel } from "./lecture_models.ts";
import { validationCurve } from "./loss_items.ts";
import { trainCharModel, type TrainedCharModel } from "./train_char_model.ts";

const features: readonly (readonly [name: string, options: Partial<CharGptShape>])[] = [
  ["unchanged", {}],
  ["squared ReLU", { activation: "squared-relu" }],
  ["tied output layer", { tie: true }],
];

/** Trains the notebook's GPT without the features and with each of them. */
export async function* paperFeaturesSolution(
  env: LessonEnv<Text>,
  { seed, full }: { readonly seed: number; readonly full: boolean },
): AsyncGenerator<Item> {
  const corpus = corpusOf(env.data.text), engine = await env.engine(), steps = full ? 5000 : 1000;
  yield say(
    `So et al. 2021 ("Primer") let a program search for a better transformer. The change that helped most is simple: square the output of ReLU. Press and Wolf 2017 use the embedding as the weight of the output layer, too. These are runs of the notebook's GPT without and with each feature, ${
      steps.toLocaleString("en-US")
    } steps each:`,
  );
  yield code("pipelines/lesson/shakespeare/paper_features_solution.ts", "features");
  const models: TrainedCharModel[] = [];
  for (const [name, options] of features) {
    models.push(
      yield* trainCharModel(engine, {
        name,
        corpus,
        config: { ...notebookModel, scaled: true, ...options },
        shape: notebookBatch,
        steps,
        rate: 1e-3,
        every: 500,
        seed,
      }),
    );
  }
  const [unchanged, squared, tied] = models;
  yield claim(squaredReluHelps, { value: squared.final.validation, other: unchanged.final.validation });
  yield claim(tyingNeedsOtherWeights, {
    tied: tied.estimates[0].validation,
    untied: unchanged.estimates[0].validation,
  });
  const lowest = Math.min(...models.map(({ final }) => final.validation));
  yield figure(
    `The validation loss; values above ${(lowest + 1).toFixed(1)} are cut off.`,
    lineChart({
      title: "validation loss",
      xLabel: "step",
      yDomain: [lowest - .1, lowest + 1],
      series: models.map((model, i) => validationCurve(features[i][0], model)),
    }),
  );
  yield table(
    ["", "parameters", "train", "validation"],
    models.map(({ parameters, final }, i) => [
      features[i][0],
      parameters,
      final.train.toFixed(4),
      final.validation.toFixed(4),
    ]),
  );
}
