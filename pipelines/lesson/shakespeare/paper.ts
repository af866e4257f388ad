/**
 * Exercise EX4: two features of papers, each a word in the model's configuration.
 *
 * @module
 */
import { lineChart } from "../../../stages/report/chart/line.ts";
import type { CharGptConfig } from "../../../kernels/models/course/char_gpt.ts";
import type { Text } from "../data.ts";
import { check, figure, type Item, say, table } from "../item.ts";
import type { LessonEnv } from "../lesson.ts";
import { corpusOf } from "./corpus.ts";
import { notebookModel, notebookShape } from "./stations.ts";
import { trained, type TrainedModel } from "./trained.ts";

const features: readonly (readonly [string, Partial<CharGptConfig>])[] = [
  ["as it was", {}],
  ["ReLU squared", { activation: "squared-relu" }],
  ["head tied to the embedding", { tie: true }],
];

/** The notebook's GPT with and without each feature, equally long. */
export async function* paperSolution(
  env: LessonEnv<Text>,
  { seed, full, steps = full ? 5000 : 1000 }: {
    readonly seed: number;
    readonly full: boolean;
    readonly steps?: number;
  },
): AsyncGenerator<Item> {
  const corpus = corpusOf(env.data.text), engine = await env.engine();
  yield say(
    `So et al. 2021 ("Primer") let a search change the transformer; what helped most was the plainest: square the ReLU. Press and Wolf 2017 use the embedding as the head's weight. The notebook's GPT with each, ${
      steps.toLocaleString("en-US")
    } steps:`,
  );
  const found: { readonly name: string; readonly model: TrainedModel }[] = [];
  for (const [name, feature] of features) {
    const model = yield* trained(engine, {
      name,
      corpus,
      config: { ...notebookModel, scaled: true, ...feature },
      shape: notebookShape,
      steps,
      rate: 1e-3,
      every: 500,
      seed,
    });
    found.push({ name, model });
  }
  yield figure(
    "The square is ahead throughout. The tied head begins with logits far too large, for torch draws embeddings of variance 1: a feature of one paper may need the first values of another.",
    lineChart({
      title: "validation loss",
      xLabel: "step",
      yDomain: [1.8, 2.8],
      series: found.map(({ name, model: { estimates } }) => ({
        name,
        x: estimates.map(({ step }) => step),
        y: estimates.map(({ validation }) => validation),
      })),
    }),
  );
  const end = ({ estimates }: TrainedModel) => estimates[estimates.length - 1];
  yield table(
    ["", "parameters", "train", "validation"],
    found.map(({ name, model }) => [
      name,
      model.parameters,
      end(model).train.toFixed(4),
      end(model).validation.toFixed(4),
    ]),
  );
  yield check({
    name: "the loss is lower with the ReLU squared",
    ours: String(end(found[1].model).validation < end(found[0].model).validation),
    lecture: "true",
    source: "So et al. 2021",
  });
}
