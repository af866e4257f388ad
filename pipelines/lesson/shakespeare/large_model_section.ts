/**
 * The final model of the lecture: the resources that its training needs, and the training itself on a GPU.
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
import { generateCharacters } from "./generate_characters.ts";
import { largeBatch, largeModel } from "./lecture_models.ts";
import { openLectureModel, shownLosses, trainAsLecture } from "./lecture_training.ts";
import { alphabetReason, type ShakespeareInputs } from "./shakespeare_inputs.ts";

const steps = 5000, rate = 3e-4, every = 500;

/**
 * Plans the training of gpt.py's model on the lesson's text. With `--full` and a GPU, it also trains the
 * model.
 */
export async function* largeModelSection(
  { corpus, engine, seed, full, reasonToDiffer }: ShakespeareInputs,
): AsyncGenerator<Item> {
  yield heading("The lecture's last model");
  const model = charGpt({ ...largeModel, std: .02, vocabSize: corpus.tokenizer.vocabSize });
  const [batch, seqLen] = largeBatch;
  const planned = plan({ model, training: { optimizer: adamw(), shape: [1, batch, seqLen], clip: 0 } });
  const memory = Object.values(planned.memory).reduce((a, b) => a + b, 0),
    flops = steps * planned.flopsPerStep,
    parameters = count(planned.parameterCount);
  yield say(
    `This model has ${largeModel.channels} channels, ${largeModel.heads} heads, ${largeModel.layers} blocks, a dropout of ${largeModel.dropout} and a context of ${seqLen} characters. Each of its ${
      steps.toLocaleString("en-US")
    } steps takes ${batch} excerpts, or ${count(planned.tokensPerStep)} tokens.`,
  );
  yield check({
    name: "parameters",
    ours: planned.parameterCount,
    lecture: 10_788_929,
    source: "gpt.py",
    mayDiffer: reasonToDiffer() ?? alphabetReason(corpus),
  });
  yield table(["resource", "amount"], [
    ["memory", bytes(memory)],
    ...Object.entries(planned.memory).map(([kind, size]) => [`  ${kind}`, bytes(size)]),
    ["floating-point operations per step", count(planned.flopsPerStep)],
    ["floating-point operations of all steps", count(flops)],
    ["time at 50 GFLOP/s (two CPU cores)", time(flops / 50e9)],
    ["time at 5 TFLOP/s (a laptop's GPU)", time(flops / 5e12)],
  ]);
  if (engine.name !== "webgpu" || !full) {
    yield say(
      engine.name === "webgpu"
        ? "`--scale --full` trains the model."
        : `Training the model needs a GPU. This run's device is ${engine.device}. The validation loss in the lecture is 1.48.`,
    );
    return;
  }
  const weights = initialWeights(model, seed), random = new TorchRandom(seed);
  await using session = await openLectureModel(engine, { model, weights, shape: largeBatch, seed });
  const estimates = yield* trainAsLecture(session, {
    corpus,
    random,
    steps,
    rate,
    every,
    name: `${parameters} parameters`,
  });
  yield lines(estimates.map((estimate) => `step ${estimate.step}: ${shownLosses(estimate)}`));
  yield check({
    name: `validation loss of the model with ${parameters} parameters`,
    ours: estimates[estimates.length - 1].validation,
    lecture: 1.48,
    within: .03,
    source: "Let's build GPT",
    mayDiffer: reasonToDiffer(),
  });
  const trained = { model, weights: await session.weights(), corpus, seed };
  yield say("Text that the model generates:");
  yield lines(await generateCharacters(engine, { ...trained, characters: 10_000 }));
}
