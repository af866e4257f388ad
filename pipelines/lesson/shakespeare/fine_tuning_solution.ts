/**
 * Exercise EX3: the same model is trained on the lesson's text, once from random weights and once from
 * weights that were trained on another text.
 *
 * @module
 */
import { from } from "../../../stages/flow/flow.ts";
import { embedded } from "../../../stages/source/embedded/embedded.ts";
import { lineChart } from "../../../stages/report/chart/line.ts";
import { claim } from "../claim.ts";
import type { Text } from "../data.ts";
import { code, figure, type Item, say, table } from "../item.ts";
import { pretrainedStartsLower, pretrainingHelps } from "./shakespeare_claims.ts";
import type { LessonEnv } from "../lesson.ts";
import { corpusOf } from "./corpus.ts";
import { notebookBatch, notebookModel } from "./lecture_models.ts";
import { validationCurve } from "./loss_items.ts";
import { trainCharModel } from "./train_char_model.ts";

const maxCharacters = 4e6; // length limit of the other text

/** Options of the solution. */
export interface FineTuningOptions {
  /**
   * The lesson's `--source`. If it is null, the lesson's text is the installed speeches, so e-mails are the
   * other text.
   */
  readonly source: string | null;
  readonly seed: number;
  /**
   * Whether to train for 8,000 steps on the other text and 2,500 on the lesson's text, instead of 1,500 and
   * 500.
   */
  readonly full: boolean;
}

/** Compares training on the lesson's text alone with training on another text first. */
export async function* fineTuningSolution(
  env: LessonEnv<Text>,
  { source, seed, full }: FineTuningOptions,
): AsyncGenerator<Item> {
  const otherName = source === null ? "spam-assassin" : "sotu", engine = await env.engine();
  const other = await textOf(otherName), [stepsBefore, steps] = full ? [8000, 2500] : [1500, 500];
  // Both texts need the same alphabet. Otherwise a row of the embedding would belong to different characters.
  const otherCorpus = corpusOf(other, { alphabet: [env.data.text] }),
    corpus = corpusOf(env.data.text, { alphabet: [other] });
  const common = {
    config: { ...notebookModel, scaled: true },
    shape: notebookBatch,
    seed,
    every: 500,
    rate: 1e-3,
  } as const;
  yield say(
    `The first model is trained for ${stepsBefore.toLocaleString("en-US")} steps on ${
      other.length.toLocaleString("en-US")
    } characters of \`embedded:${otherName}\`, and then for ${
      steps.toLocaleString("en-US")
    } steps on the lesson's text. The second model is trained only for the ${
      steps.toLocaleString("en-US")
    } steps on the lesson's text.`,
  );
  yield code("pipelines/lesson/shakespeare/train_char_model.ts", "trainCharModel");
  const pretrained = yield* trainCharModel(engine, {
    ...common,
    name: "other text",
    corpus: otherCorpus,
    steps: stepsBefore,
  });
  const tuned = yield* trainCharModel(engine, {
    ...common,
    name: "then this text",
    corpus,
    steps,
    weights: pretrained.weights,
  });
  const alone = yield* trainCharModel(engine, { ...common, name: "this text alone", corpus, steps });
  const tunedLosses = [tuned.estimates[0].validation, tuned.final.validation];
  const aloneLosses = [alone.estimates[0].validation, alone.final.validation];
  yield claim(pretrainedStartsLower, { value: tunedLosses[0], other: aloneLosses[0] });
  yield claim(pretrainingHelps, { value: tunedLosses[1], other: aloneLosses[1] });
  yield figure(
    "The validation loss on the lesson's text.",
    lineChart({
      title: "validation loss on the lesson's text",
      xLabel: "step",
      series: [validationCurve("after the other text", tuned), validationCurve("this text alone", alone)],
    }),
  );
  yield table(["", "at the start", "at the end"], [
    ["this text alone", ...aloneLosses.map((loss) => loss.toFixed(3))],
    ["after the other text", ...tunedLosses.map((loss) => loss.toFixed(3))],
  ]);
}

async function textOf(name: "sotu" | "spam-assassin"): Promise<string> {
  const texts: string[] = [];
  let length = 0;
  for await (const { text } of from(embedded(name, { ordered: true })).stream()) {
    texts.push(text);
    if ((length += text.length) > maxCharacters) break;
  }
  return texts.join("\n\n").slice(0, maxCharacters);
}
