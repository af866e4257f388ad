/**
 * Sections of the lesson on WaveNets, whose layers join pairs of adjacent vectors.
 *
 * @module
 */
import { wavenet } from "../../../kernels/models/course/name_nets.ts";
import { lineChart } from "../../../stages/report/chart/line.ts";
import { claim } from "../claim.ts";
import { check, code, figure, heading, type Item, lines, say, table } from "../item.ts";
import { examplesOf } from "../letters.ts";
import { means, pointCaption } from "../net_training.ts";
import { type ComparedNet, lossItem, notebook, parameterCheck, type WavenetInputs } from "./compared_net.ts";
import { layersTable, runningShapes, wavenetLayers } from "./net_shapes.ts";
import { batch, trainOnNames } from "./train_on_names.ts";
import { treeChart } from "./tree_chart.ts";
import { bugHides, fixHelps, fixIsNoChance, sizesAreAlike, treeIsBetter } from "./wavenet_claims.ts";

/** Published losses of the net with 76,579 parameters: pairs of step and loss. */
const lectureLosses = [
  [0, 3.3167],
  [10_000, 2.0576],
  [20_000, 2.0723],
  [30_000, 2.5134],
  [50_000, 1.7836],
  [100_000, 1.7736],
  [150_000, 1.7466],
  [190_000, 1.8555],
] as const;

const smallWavenet = { channels: 10, hidden: 68 };

/** Trains a WaveNet whose batch norm has the lecture's bug. */
export async function* pairsSection(
  previous: ComparedNet,
  inputs: WavenetInputs,
): AsyncGenerator<Item, ComparedNet> {
  yield heading("Joining pairs");
  yield say(
    "WaveNet joins the letters gradually. The first layer joins each pair of letters into a vector, the second layer joins pairs of these vectors, and the third layer joins the last two. Each layer doubles the context of a vector, and together they form a tree:",
  );
  yield figure(
    "Each box is a vector, and each row is a layer. All boxes of a row share the same weights.",
    treeChart(lastContext(inputs)),
  );
  const vocabSize = inputs.letters.count;
  const net = wavenet({ ...smallWavenet, vocabSize, perPosition: true });
  yield say(
    "This needs only one new layer, FlattenConsecutive(2). It puts neighbours side by side: [B, T, C] becomes [B, T / 2, 2 C]. No number moves in memory. Linear multiplies along the last axis only. So the axis of pairs works like a second batch axis, and all pairs are computed at once.",
  );
  yield code("kernels/models/course/sequential.ts", "flatten");
  yield layersTable(net, { layers: wavenetLayers({ ...smallWavenet, letters: vocabSize }), batch });
  const trained = yield* trainOnNames(net, { ...inputs, steps: inputs.smallNetSteps });
  yield parameterCheck(trained, { lecture: 22_397, inputs });
  yield lossItem(trained);
  yield claim(sizesAreAlike, {
    neurons: smallWavenet.hidden,
    tree: trained.parameters,
    flat: previous.trained.parameters,
  });
  yield claim(treeIsBetter, { value: trained.losses.dev, other: previous.trained.losses.dev });
  return { name: "8 letters in pairs, with the bug", trained, lecture: { train: 1.941, validation: 2.029 } };
}

/** Returns the eight letters before the end of the first name. */
function lastContext({ words, letters }: WavenetInputs): readonly string[] {
  const { inputs, count } = examplesOf([words[0]], { letters, context: 8 });
  return Array.from(inputs.subarray(8 * (count - 1)), (id) => letters.symbols[id]);
}

/** Shows the bug in the shapes of the running means, and trains the net without it. */
export async function* bugSection(
  previous: ComparedNet,
  inputs: WavenetInputs,
): AsyncGenerator<Item, ComparedNet> {
  yield heading("A bug without an error message");
  const options = { ...smallWavenet, vocabSize: inputs.letters.count }, { hidden } = options;
  const buggy = wavenet({ ...options, perPosition: true }), fixed = wavenet(options);
  yield say(
    `The batch norm above has a bug, and its running means reveal it. It was written for inputs [B, C] and takes the mean over axis 0. For inputs [B, 4, ${hidden}] this still works, because of broadcasting. But it computes a separate mean for each of the four positions: four times as many means, each of ${batch} numbers instead of ${
      4 * batch
    }. So the same pair of letters is normalized in different ways at different positions.`,
  );
  const shapes = [buggy, fixed].map(runningShapes);
  const runningMeans = shapes.map((byName) => [...byName].filter(([name]) => name.endsWith("mean")));
  yield table(
    ["running mean of", "over axis 0", "over axes 0 and 1"],
    runningMeans[0].map(([, [size]], i) => {
      const [, [fixedSize]] = runningMeans[1][i];
      return [
        `BatchNorm ${i + 1}`,
        size === fixedSize ? `[${size}]` : `[${size / hidden}, ${hidden}]`,
        `[${fixedSize}]`,
      ];
    }),
  );
  yield check({
    name: "values in the first running mean: with the bug, without it",
    ours: runningMeans.map(([[, [size]]]) => size).join(", "),
    lecture: "272, 68",
    source: notebook,
    mayDiffer: null,
  });
  const { curve } = previous.trained;
  yield claim(bugHides, { first: curve[0], last: previous.trained.losses.train });
  yield say("The same net with means over both axes:");
  yield code("kernels/models/course/batch_norm_layer.ts", "batchNormLayer");
  const trained = yield* trainOnNames(fixed, { ...inputs, steps: inputs.smallNetSteps });
  yield lossItem(trained);
  yield claim(fixHelps, { value: trained.losses.dev, other: previous.trained.losses.dev });
  const again = yield* trainOnNames(fixed, {
    ...inputs,
    steps: inputs.smallNetSteps,
    seed: (inputs.seed + 1) % 2 ** 32,
  });
  yield claim(fixIsNoChance, {
    value: Math.abs(again.losses.dev - trained.losses.dev),
    other: Math.abs(trained.losses.dev - previous.trained.losses.dev),
  });
  return { name: "8 letters in pairs", trained, lecture: { train: 1.912, validation: 2.022 } };
}

/** Trains the final net of the lecture. */
export async function* largerSection(inputs: WavenetInputs): AsyncGenerator<Item, ComparedNet> {
  yield heading("A larger net");
  const { letters, steps, mayDiffer, lossMayDiffer } = inputs, net = wavenet({ vocabSize: letters.count });
  yield say("The same net with embeddings of 24 numbers and 128 neurons per layer:");
  yield layersTable(net, {
    layers: wavenetLayers({ letters: letters.count, channels: 24, hidden: 128 }),
    batch,
  });
  const trained = yield* trainOnNames(net, { ...inputs, nameCount: 20 });
  yield parameterCheck(trained, { lecture: 76_579, inputs });
  for (const [step, loss] of lectureLosses) {
    if (step >= steps) continue;
    yield check({
      name: `loss at step ${step.toLocaleString("en-US")}`,
      ours: trained.curve[step],
      lecture: loss,
      within: 5e-4,
      source: notebook,
      // A shorter run has the same losses as the full run until the shorter run reduces its learning rate.
      mayDiffer: step < .75 * steps ? mayDiffer : lossMayDiffer,
    });
  }
  const width = steps >= 100_000 ? 1000 : Math.max(1, Math.round(steps / 100));
  yield figure(
    `Here ${
      pointCaption(width)
    }. After three quarters of the steps, the learning rate falls from 0.1 to 0.01.`,
    lineChart({ series: [{ name: "loss", ...means(trained.curve, width) }], xLabel: "step", yLabel: "loss" }),
  );
  yield lossItem(trained);
  const { train, dev } = trained.losses;
  const common = { within: .005, source: notebook, mayDiffer: lossMayDiffer };
  yield check({ name: "train", ours: train, lecture: 1.7690, ...common });
  yield check({ name: "validation", ours: dev, lecture: 1.9937, ...common });
  yield say(
    `${steps.toLocaleString("en-US")} steps took ${
      trained.seconds.toFixed(0)
    } seconds. Names sampled from the net:`,
  );
  yield lines([trained.names.slice(0, 10).join(" "), trained.names.slice(10).join(" ")]);
  return { name: "8 letters in pairs, larger", trained, lecture: { train: 1.769, validation: 1.993 } };
}
