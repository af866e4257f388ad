/**
 * nanoGPT's configuration for a CPU: a small GPT-2 whose tokens are characters.
 *
 * Source: nanoGPT, README and config/train_shakespeare_char.py.
 *
 * @module
 */
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import { gpt } from "../../../kernels/models/gpt.ts";
import { countParameters, initialWeights } from "../../../kernels/models/model.ts";
import { schedule } from "../../../kernels/optim/schedule.ts";
import { lineChart } from "../../../stages/report/chart/line.ts";
import { claim } from "../claim.ts";
import { check, figure, heading, type Item, lines, say, table } from "../item.ts";
import { generateCharacters } from "./generate_characters.ts";
import { openLectureModel, trainAsLecture } from "./lecture_training.ts";
import { lossCurves } from "./loss_items.ts";
import { noOverfitting } from "./shakespeare_claims.ts";
import { alphabetReason, type ShakespeareInputs } from "./shakespeare_inputs.ts";

const batchShape = [12, 64] as const;
const nanogptRate = 1e-3, nanogptLoss = 1.88;
const steps = 2000, lr = 3e-3, minLr = 1e-4, warmup = 100;

/** Trains the model and generates text with it. */
export async function* nanogptSection(
  { corpus, engine, seed, reasonToDiffer }: ShakespeareInputs,
): AsyncGenerator<Item> {
  yield heading("nanoGPT on a CPU");
  const [batch, seqLen] = batchShape;
  const model = gpt({
    layers: 4,
    heads: 4,
    channels: 128,
    seqLen,
    vocabSize: corpus.tokenizer.vocabSize,
    vocabPad: 1,
    gelu: "erf",
    bias: false,
  });
  yield say(
    `This model has 128 channels, 4 heads, 4 blocks, a context of ${seqLen} characters and no dropout. Each of its ${
      steps.toLocaleString("en-US")
    } steps takes ${batch} excerpts. The learning rate rises to ${lr} in ${warmup} steps and then falls to ${minLr} along half a cosine. nanoGPT's own rate is ${nanogptRate}.`,
  );
  yield check({
    name: "parameters",
    ours: countParameters(model),
    lecture: 804_096,
    source: "nanoGPT",
    mayDiffer: reasonToDiffer() ?? alphabetReason(corpus),
  });
  const weights = initialWeights(model, seed), random = new TorchRandom(seed);
  await using session = await openLectureModel(engine, {
    model,
    weights,
    shape: batchShape,
    seed,
    clip: 1,
    beta2: .99,
    weightDecay: .1,
  });
  const estimates = yield* trainAsLecture(session, {
    corpus,
    random,
    steps,
    rate: schedule({ kind: "cosine", lr, minLr, warmup, steps }),
    every: 500,
    at: [0, 1000], // an estimate takes as long as 50 steps
    name: "nanogpt-cpu",
  });
  const final = estimates[estimates.length - 1];
  const lowest = estimates.reduce((a, b) => b.validation <= a.validation ? b : a);
  yield claim(noOverfitting, { ...final, lowest });
  yield figure(
    "The loss of both parts of the text.",
    lineChart({ title: "loss", xLabel: "step", series: lossCurves(estimates) }),
  );
  yield table(
    ["step", "train", "validation"],
    estimates.map(({ step, train, validation }) => [step, train.toFixed(4), validation.toFixed(4)]),
  );
  yield check({
    name: `validation loss, here ${final.validation.toFixed(3)}, is at most nanoGPT's ${nanogptLoss}`,
    ours: String(final.validation <= nanogptLoss),
    lecture: "true",
    source: "nanoGPT, README",
    mayDiffer: reasonToDiffer(),
  });
  const trained = { model, weights: await session.weights(), corpus, seed };
  yield say("Text that the model generates:");
  yield lines(await generateCharacters(engine, { ...trained, characters: 500 }));
}
