/**
 * nanoGPT's configuration for a CPU: a small GPT-2 on characters.
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
import { check, figure, heading, type Item, lines, say, table } from "../item.ts";
import { learn, openLearner } from "./learn.ts";
import type { Setting } from "./setting.ts";
import { written } from "./written.ts";

const shape = [12, 64] as const;

/** Trains it, its 2,000 steps whole mayDiffer told otherwise, and lets it write. */
export async function* nanogptSection(
  { corpus, engine, seed, reasonToDiffer }: Setting,
  { steps = 2000, lr = 3e-3 }: { readonly steps?: number; readonly lr?: number } = {},
): AsyncGenerator<Item> {
  yield heading("nanoGPT on a CPU");
  const model = gpt({
    layers: 4,
    heads: 4,
    channels: 128,
    seqLen: shape[1],
    vocabSize: corpus.tokenizer.vocabSize,
    vocabPad: 1,
    gelu: "erf",
    bias: false,
  });
  yield say(
    `128 channels, 4 heads, 4 blocks, 64 characters back, no dropout, 12 excerpts a step; ${
      steps.toLocaleString("en-US")
    } steps; the rate rises to ${lr} for 100 and falls along half a cosine. nanoGPT's own rate is 1e-3; a model so small learns more at three times that.`,
  );
  yield check({
    name: "parameters",
    ours: countParameters(model),
    lecture: 804_096,
    source: "nanoGPT",
    mayDiffer: reasonToDiffer() ?? (corpus.tokenizer.vocabSize === 65 ? null : "another alphabet"),
  });
  const weights = initialWeights(model, seed), random = new TorchRandom(seed);
  await using session = await openLearner(engine, {
    model,
    weights,
    shape,
    seed,
    clip: 1,
    beta2: .99,
    weightDecay: .1,
  });
  const rate = schedule({ kind: "cosine", lr, minLr: 1e-4, warmup: 100, steps });
  const found = yield* learn(session, {
    corpus,
    random,
    steps,
    rate,
    every: 500,
    at: [0, 1000], // an estimate takes as long as 50 steps
    name: "nanogpt-cpu",
  });
  yield figure(
    "Both losses fall together: it is too small to learn the text by heart.",
    lineChart({
      title: "loss",
      xLabel: "step",
      series: (["train", "validation"] as const).map((split) => ({
        name: split,
        x: found.map(({ step }) => step),
        y: found.map((estimate) => estimate[split]),
      })),
    }),
  );
  yield table(
    ["step", "train", "validation"],
    found.map(({ step, train, validation }) => [step, train.toFixed(4), validation.toFixed(4)]),
  );
  const end = found[found.length - 1].validation;
  yield check({
    name: `validation loss, here ${end.toFixed(3)}, is at most nanoGPT's 1.88`,
    ours: String(end <= 1.88),
    lecture: "true",
    source: "nanoGPT, README",
    mayDiffer: reasonToDiffer(),
  });
  yield lines(
    await written(engine, { model, weights: await session.weights(), corpus, characters: 500, seed }),
  );
}
