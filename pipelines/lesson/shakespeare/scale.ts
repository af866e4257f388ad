/**
 * What the lecture's last model takes: planned without a device; trained where there is a GPU.
 *
 * @module
 */
import { charGpt } from "../../../kernels/models/course/char_gpt.ts";
import { initialWeights } from "../../../kernels/models/model.ts";
import { adamw } from "../../../kernels/optim/adamw.ts";
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import { bytes, count, time } from "../../../stages/report/quantity.ts";
import { plan } from "../../../stages/model/plan.ts";
import { check, heading, type Item, lines, say, table } from "../item.ts";
import { learn, openLearner, shownLosses } from "./learn.ts";
import type { Setting } from "./setting.ts";
import { written } from "./written.ts";
import { fullModel, fullShape } from "./stations.ts";

const steps = 5000, rate = 3e-4, every = 500;

/** Plans gpt.py's model for the text's alphabet; trains it with `--full` on a GPU. */
export async function* scaleSection(
  { corpus, engine, seed, full, reasonToDiffer }: Setting,
): AsyncGenerator<Item> {
  yield heading("The lecture's last model");
  const model = charGpt({ ...fullModel, std: .02, vocabSize: corpus.tokenizer.vocabSize });
  const [batch, length] = fullShape;
  const planned = plan({ model, training: { optimizer: adamw(), shape: [1, batch, length], clip: 0 } });
  const total = Object.values(planned.memory).reduce((a, b) => a + b, 0),
    flops = steps * planned.flopsPerStep;
  yield say(
    `384 channels, 6 heads, 6 blocks, dropout of a fifth, 256 characters back, 64 excerpts a step: ${
      count(planned.tokensPerStep)
    } tokens a step, ${steps.toLocaleString("en-US")} steps.`,
  );
  yield check({
    name: "parameters",
    ours: planned.parameterCount,
    lecture: 10_788_929,
    source: "gpt.py",
    mayDiffer: reasonToDiffer() ?? (corpus.tokenizer.vocabSize === 65 ? null : "another alphabet"),
  });
  yield table(["what it takes", ""], [
    ["memory", bytes(total)],
    ...Object.entries(planned.memory).map(([kind, size]) => [`  ${kind}`, bytes(size)]),
    ["floating-point operations a step", count(planned.flopsPerStep)],
    ["of all steps", count(flops)],
    ["at 50 GFLOP/s, two CPU cores", time(flops / 50e9)],
    ["at 5 TFLOP/s, a laptop's GPU", time(flops / 5e12)],
  ]);
  if (engine.name !== "webgpu" || !full) {
    yield say(
      engine.name === "webgpu"
        ? "`--scale --full` trains it."
        : `It needs a GPU: here is ${engine.device}. The lecture's validation loss is 1.48.`,
    );
    return;
  }
  const weights = initialWeights(model, seed), random = new TorchRandom(seed);
  await using session = await openLearner(engine, { model, weights, shape: fullShape, seed });
  const found = yield* learn(session, { corpus, random, steps, rate, every, name: "10.8 M" });
  yield lines(found.map((estimate) => `step ${estimate.step}: ${shownLosses(estimate)}`));
  yield check({
    name: "validation loss of the 10.8 M model",
    ours: found[found.length - 1].validation,
    lecture: 1.48,
    within: .03,
    source: "Let's build GPT",
    mayDiffer: reasonToDiffer(),
  });
  yield lines(
    await written(engine, { model, weights: await session.weights(), corpus, characters: 10_000, seed }),
  );
}
