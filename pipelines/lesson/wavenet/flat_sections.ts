/**
 * Sections of the lesson on nets with one hidden layer, which joins all letters of the context at once.
 *
 * @module
 */
import { mlp } from "../../../kernels/models/course/name_nets.ts";
import { lineChart } from "../../../stages/report/chart/line.ts";
import { claim } from "../claim.ts";
import { code, figure, heading, type Item, lines, live, say } from "../item.ts";
import { examplesOf } from "../letters.ts";
import { means, pointCaption } from "../net_training.ts";
import { type ComparedNet, lossItem, parameterCheck, type WavenetInputs } from "./compared_net.ts";
import { contextHelps } from "./wavenet_claims.ts";
import { layersTable } from "./net_shapes.ts";
import { batch, trainOnNames } from "./train_on_names.ts";

/** Trains the net of the previous lessons, now as a list of layers, and smooths its loss curve. */
export async function* layersSection(inputs: WavenetInputs): AsyncGenerator<Item, ComparedNet> {
  yield heading("A net is a list of layers");
  const vocabSize = inputs.letters.count;
  const net = mlp({ vocabSize, first: { bias: false }, last: { gain: .1 }, norm: {} });
  yield say(
    "This is the net of the previous lessons, now with each part as a layer. A layer is a function from one tensor to the next, and it owns its weights. A net is a list of layers; the forward pass applies them one after another. These are the layers, and the shapes of their outputs for one batch:",
  );
  yield code("kernels/models/course/sequential.ts", "sequential");
  const layers = [
    `Embedding(${vocabSize}, 10)`,
    "Flatten()",
    "Linear(30, 200), no bias",
    "BatchNorm(200)",
    "Tanh()",
    `Linear(200, ${vocabSize})`,
  ];
  yield layersTable(net, { layers, batch });
  yield say(
    "A Linear before a batch norm has no bias, because the batch norm would subtract it again. A batch norm works in two ways. In training, it uses the mean and the variance of the batch, and updates a running mean and a running variance. After training, it uses the running values. Forgetting to switch is a common mistake.",
  );
  const trained = yield* trainOnNames(net, { ...inputs, steps: inputs.smallNetSteps });
  const width = Math.max(1, Math.round(trained.curve.length / 200));
  yield figure(
    `A batch has ${batch} examples only, so the loss jumps from step to step. Here ${
      pointCaption(width)
    }. In the last quarter of the steps, the learning rate is a tenth of what it was before.`,
    lineChart({
      title: "each step",
      series: [{ name: "batch", y: trained.curve }],
      xLabel: "step",
      yLabel: "loss",
    }),
    lineChart({
      title: `means of ${width} steps`,
      series: [{ name: "mean", ...means(trained.curve, width) }],
      xLabel: "step",
      yLabel: "loss",
    }),
  );
  yield parameterCheck(trained, { lecture: 12_097, inputs });
  return { name: "3 letters, flat", trained, lecture: { train: 2.058, validation: 2.105 } };
}

/** Trains the same net with a longer context. */
export async function* contextSection(
  previous: ComparedNet,
  inputs: WavenetInputs,
): AsyncGenerator<Item, ComparedNet> {
  yield heading("Eight letters");
  yield say(
    "A longer context changes only one number in the code. These are the examples of one name, with a context of eight letters:",
  );
  const { letters, words } = inputs, examples = examplesOf([words[0]], { letters, context: 8 });
  yield lines(Array.from(examples.targets, (target, i) => {
    return `${letters.decode(examples.inputs.subarray(8 * i, 8 * i + 8))} → ${letters.symbols[target]}`;
  }));
  const net = mlp({
    vocabSize: letters.count,
    context: 8,
    first: { bias: false },
    last: { gain: .1 },
    norm: {},
  });
  const trained = yield* trainOnNames(net, { ...inputs, steps: inputs.smallNetSteps });
  yield parameterCheck(trained, { lecture: 22_097, inputs });
  yield lossItem(trained);
  yield claim(contextHelps, { value: trained.losses.dev, other: previous.trained.losses.dev });
  yield live("context");
  yield say(
    `But now a single layer has to join the ${8 * 10} numbers of eight letters into one vector in one step.`,
  );
  return { name: "8 letters, flat", trained, lecture: { train: 1.918, validation: 2.027 } };
}
