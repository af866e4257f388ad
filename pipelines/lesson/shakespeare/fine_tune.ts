/**
 * Exercise EX3: the same model with the same few steps on a text, from random values and from another text's.
 *
 * @module
 */
import { from } from "../../../stages/flow/flow.ts";
import { embedded } from "../../../stages/source/embedded/embedded.ts";
import { lineChart } from "../../../stages/report/chart/line.ts";
import type { Text } from "../data.ts";
import { check, figure, type Item, say, table } from "../item.ts";
import type { LessonEnv } from "../lesson.ts";
import { corpusOf } from "./corpus.ts";
import { notebookModel, notebookShape } from "./stations.ts";
import { trained, type TrainedModel } from "./trained.ts";

const most = 4e6; // characters of the larger text

/** What `fineTuneSolution` takes. */
export interface FineTuneOptions {
  /** `--source`: null where the lesson's text is the speeches; then mails come first. */
  readonly source: string | null;
  readonly seed: number;
  readonly full: boolean;
  /** Steps on the larger text and on the lesson's own (default 1,500 and 500, with `full` 8,000 and 2,500). */
  readonly steps?: readonly [before: number, after: number];
}

/** Trains twice on the lesson's text: from random values, and from a model that read another, larger text before. */
export async function* fineTuneSolution(
  env: LessonEnv<Text>,
  { source, seed, full, steps = full ? [8000, 2500] : [1500, 500] }: FineTuneOptions,
): AsyncGenerator<Item> {
  const larger = source === null ? "spam-assassin" : "sotu", engine = await env.engine();
  const other = await textOf(larger), [before, after] = steps;
  // One alphabet for both texts, or the embedding would mean other characters afterwards.
  const first = corpusOf(other, { alphabet: [env.data.text] }),
    own = corpusOf(env.data.text, { alphabet: [other] });
  const common = {
    config: { ...notebookModel, scaled: true },
    shape: notebookShape,
    seed,
    every: 500,
  } as const;
  yield say(
    `First ${before.toLocaleString("en-US")} steps on ${
      other.length.toLocaleString("en-US")
    } characters of \`embedded:${larger}\`, then ${
      after.toLocaleString("en-US")
    } on the lesson's text; beside it those ${after.toLocaleString("en-US")} alone.`,
  );
  const read = yield* trained(engine, {
    ...common,
    name: "another text",
    corpus: first,
    steps: before,
    rate: 1e-3,
  });
  const tuned = yield* trained(engine, {
    ...common,
    name: "then this text",
    corpus: own,
    steps: after,
    rate: 1e-3,
    weights: read.weights,
  });
  const alone = yield* trained(engine, {
    ...common,
    name: "this text alone",
    corpus: own,
    steps: after,
    rate: 1e-3,
  });
  const curve = (name: string, { estimates }: TrainedModel) => ({
    name,
    x: estimates.map(({ step }) => step),
    y: estimates.map(({ validation }) => validation),
  });
  yield figure(
    "Who can read starts lower and stays ahead.",
    lineChart({
      title: "validation loss on the lesson's text",
      xLabel: "step",
      series: [curve("after another text", tuned), curve("alone", alone)],
    }),
  );
  const end = ({ estimates }: TrainedModel) => estimates[estimates.length - 1].validation;
  yield table(["", "at the start", "at the end"], [
    ["alone", alone.estimates[0].validation.toFixed(3), end(alone).toFixed(3)],
    ["after another text", tuned.estimates[0].validation.toFixed(3), end(tuned).toFixed(3)],
  ]);
  yield check({
    name: "the loss is lower after another text",
    ours: String(end(tuned) < end(alone)),
    lecture: "true",
    source: "exercise EX3",
  });
}

async function textOf(name: "sotu" | "spam-assassin"): Promise<string> {
  const texts: string[] = [];
  let length = 0;
  for await (const { text } of from(embedded(name, { ordered: true })).stream()) {
    texts.push(text);
    if ((length += text.length) > most) break;
  }
  return texts.join("\n\n").slice(0, most);
}
