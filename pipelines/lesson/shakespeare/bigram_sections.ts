/**
 * First sections of the lesson: the text as tokens, and a bigram model of it.
 *
 * @module
 */
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import { lineChart } from "../../../stages/report/chart/line.ts";
import { claim } from "../claim.ts";
import { check, code, figure, heading, type Item, lines, say } from "../item.ts";
import { drawExcerpts } from "./corpus.ts";
import { smallBatch } from "./lecture_models.ts";
import { bigramReachesCounts, randomLogitsAreWorse } from "./shakespeare_claims.ts";
import { Ngrams } from "../ngrams.ts";
import { lossChecks, lossCurves } from "./loss_items.ts";
import type { ShakespeareInputs } from "./shakespeare_inputs.ts";
import { trainCharModel, type TrainedCharModel } from "./train_char_model.ts";

const maxShown = 100; // characters of the alphabet

/** Shows the tokens of the text, the training examples in one excerpt, and a batch of excerpts. */
export function* dataSection(
  text: string,
  { corpus, seed, reasonToDiffer }: ShakespeareInputs,
): Generator<Item> {
  yield heading("The text as numbers");
  const { tokenizer, train, validation } = corpus, mayDiffer = reasonToDiffer();
  yield lines(text.slice(0, 200).trimEnd());
  const { characters } = tokenizer, first = characters.slice(0, maxShown).join("").replace("\n", "⏎");
  yield say(
    characters.length > maxShown
      ? `Each character is a token. The alphabet has ${
        characters.length.toLocaleString("en-US")
      } characters. The first ${maxShown} in order: \`${first}\``
      : `Each character is a token. The alphabet in order: \`${first}\``,
  );
  const known = [..."hii there"].every((character) => characters.includes(character));
  const words = known ? "hii there" : [...text.slice(0, 20)].slice(0, 9).join("");
  yield say(`\`${words}\` becomes ${tokenizer.encode(words).join(" ")}.`);
  const source = "Let's build GPT";
  yield check({ name: "symbols", ours: tokenizer.vocabSize, lecture: 65, source, mayDiffer });
  yield check({ name: "training tokens", ours: train.length, lecture: 1_003_854, source, mayDiffer });
  yield check({ name: "validation tokens", ours: validation.length, lecture: 111_540, source, mayDiffer });
  yield check({
    name: "decode(encode(text)) is the text",
    ours: String(tokenizer.decode([...train, ...validation]) === text),
    lecture: "true",
    source,
  });
  yield say("Nine characters contain eight examples, one for each length of the context:");
  const nine = [...train.subarray(0, 9)];
  yield lines(
    nine.slice(0, 8).map((_, t) => `after [${nine.slice(0, t + 1).join(" ")}] comes ${nine[t + 1]}`),
  );
  const { inputs } = drawExcerpts(train, { random: new TorchRandom(seed), shape: [4, 8] });
  yield say(
    "A batch holds several excerpts from random places of the text, here four. The model processes them independently of each other:",
  );
  yield code("pipelines/lesson/shakespeare/corpus.ts", "drawExcerpts");
  yield lines(Array.from({ length: 4 }, (_, row) => inputs.subarray(row * 8, row * 8 + 8).join(" ")));
  yield check({
    name: "first excerpt",
    ours: inputs.subarray(0, 8).join(" "),
    lecture: "24 43 58 5 57 1 46 43",
    source: "Let's build GPT, notebook",
    mayDiffer,
  });
}

/** Trains the simplest language model: a table with a row of logits for each character. */
export async function* bigramSection(
  { corpus, engine, seed, reasonToDiffer }: ShakespeareInputs,
): AsyncGenerator<Item, TrainedCharModel> {
  yield heading("Bigrams");
  const { vocabSize } = corpus.tokenizer, uniformLoss = Math.log(vocabSize);
  yield say(
    `The model is a table with ${vocabSize} rows of ${vocabSize} logits. Its prediction depends only on the last character. If it gave all characters the same probability, its loss would be ln ${vocabSize} = ${
      uniformLoss.toFixed(2)
    } nats per character.`,
  );
  const model = yield* trainCharModel(engine, {
    name: "bigram",
    corpus,
    config: "bigram",
    shape: smallBatch,
    steps: 3000,
    rate: 1e-2,
    every: 300,
    seed,
    characters: 200,
  });
  const { estimates } = model, initial = estimates[0].validation;
  yield claim(randomLogitsAreWorse, { first: initial, uniform: uniformLoss });
  yield figure(
    "The loss of the bigram model, estimated from 200 batches of each part of the text.",
    lineChart({
      title: "loss of the bigram model",
      xLabel: "step",
      yLabel: "nats per character",
      series: lossCurves(estimates),
    }),
  );
  yield claim(bigramReachesCounts, { trained: model.final.validation, counted: countedLoss(corpus) });
  for (
    const [step, train, validation, within] of [
      [0, 4.7305, 4.7241, 1e-4],
      [2700, 2.4738, 2.4911, 1e-3],
    ] as const
  ) {
    yield* lossChecks(`of the bigram model at step ${step}`, estimates.find((e) => e.step === step)!, {
      train,
      validation,
      within,
      source: "bigram.py",
      mayDiffer: reasonToDiffer(),
    });
  }
  yield say("Text that the model generates:");
  yield lines(model.sample);
  return model;
}

/** Returns the validation loss of the counted pairs of the training part, with 1 added to each count. */
function countedLoss({ tokenizer, train, validation }: ShakespeareInputs["corpus"]): number {
  const pairs = (ids: Uint32Array) => {
    const inputs = ids.slice(0, -1), targets = ids.slice(1);
    return { context: 1, count: targets.length, inputs, targets };
  };
  return new Ngrams(pairs(train), tokenizer.vocabSize).loss(pairs(validation), 1);
}
