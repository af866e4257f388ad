/**
 * Sections of the lesson on backpropagation that train nets with the backward pass derived by hand.
 *
 * @module
 */
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import { largestDifference } from "../../../kernels/models/course/matrix.ts";
import {
  forwardInSteps,
  lossAndGradients,
  parameterNames,
  probabilitiesOf,
} from "../../../kernels/models/course/mlp_manual.ts";
import { lineChart } from "../../../stages/report/chart/line.ts";
import { drawNames, samplingRandom } from "../draw_names.ts";
import { claim } from "../claim.ts";
import { check, code, figure, heading, type Item, lines, progress, say, table } from "../item.ts";
import { means, pointCaption } from "../net_training.ts";
import { autodiffGradients } from "./autodiff_gradients.ts";
import { batchesVary, trainedDifferMore } from "./backprop_claims.ts";
import { type BackpropSetup, notebook } from "./backprop_setup.ts";
import {
  calibrationMoments,
  context,
  drawBatch,
  lossWithMoments,
  manualMlp,
  parameterCount,
  trainByHand,
} from "./manual_mlp_net.ts";

const hidden = 200;

/** 5. Exercise 4: training with the short formulas only. */
export async function* trainingByHand(
  { letters, examples, seed, steps, mayDiffer, lossMayDiffer }: BackpropSetup,
): AsyncGenerator<Item> {
  yield heading("Training by hand");
  const random = new TorchRandom(seed);
  const net = manualMlp({ letters: letters.count, hidden, random });
  yield say(
    `We train a net of ${hidden} hidden units for ${
      steps.toLocaleString("en-US")
    } steps of 32 examples, at a rate of 0.1 and from the middle on of 0.01. There is no graph and no automatic differentiation, only one function.`,
  );
  yield code("kernels/models/course/mlp_manual.ts", "lossAndGradients");
  yield check({ name: "parameters", ours: parameterCount(net), lecture: 12297, source: notebook, mayDiffer });
  const began = performance.now();
  const losses = yield* trainByHand(net, { examples: examples.train, random, steps });
  const seconds = (performance.now() - began) / 1000;
  yield say(
    `The training took ${seconds.toFixed(1)} seconds, ${(1000 * seconds / steps).toFixed(2)} ms per step.`,
  );
  yield check({
    name: "loss at step 0",
    ours: losses[0],
    lecture: 3.7805,
    within: .08,
    source: notebook,
    mayDiffer,
  });
  const width = Math.max(1, Math.floor(steps / 200));
  yield figure(
    `The loss; ${pointCaption(width)}.`,
    lineChart({ title: "loss", series: [{ name: "loss", ...means(losses, width) }], xLabel: "step" }),
  );
  yield claim(batchesVary, lastQuarter(losses));
  const moments = calibrationMoments(net, examples.train);
  yield say(
    "To use the net on a single name, batch norm needs a mean and a variance without a batch. We take those of all training examples.",
  );
  const train = yield* lossWithMoments(net, { examples: examples.train, moments });
  const dev = yield* lossWithMoments(net, { examples: examples.dev, moments });
  const options = { within: .002, source: notebook, mayDiffer: lossMayDiffer };
  yield check({ name: "loss, train", ours: train, lecture: 2.0705, ...options });
  yield check({ name: "loss, dev", ours: dev, lecture: 2.1099, ...options });
  yield say("The net draws these names:");
  const probabilities = (before: readonly number[]): Float64Array =>
    probabilitiesOf(net, { inputs: Uint32Array.from(before.slice(-context)), moments }).row(0);
  const drawn = await drawNames(probabilities, {
    letters,
    random: samplingRandom(seed),
    count: 10,
    exponentialRace: true,
  });
  yield lines(drawn.join(" "));
}

/**
 * E04: trains with gradients derived by hand, and compares them with automatic differentiation every few
 * steps.
 */
export async function* compareWhileTraining(
  { letters, examples, seed }: BackpropSetup,
): AsyncGenerator<Item> {
  const random = new TorchRandom(seed), net = manualMlp({ letters: letters.count, hidden, random });
  const results: { steps: number; loss: number; difference: number }[] = [];
  for (const steps of [0, 100, 200, 400]) {
    const more = steps - (results.at(-1)?.steps ?? 0);
    yield* trainByHand(net, { examples: examples.train, random, steps: more });
    const batch = drawBatch(examples.train, { random }), { gradients, loss } = lossAndGradients(net, batch);
    const automatic = await autodiffGradients(net, { batch, steps: forwardInSteps(net, batch).steps });
    const difference = Math.max(
      ...parameterNames.map((name) =>
        largestDifference(gradients[name].data, automatic.gradients.get(name) ?? [])
      ),
    );
    results.push({ steps, loss, difference });
    yield progress(`step ${steps}`);
  }
  yield table(
    ["after steps", "loss of the next batch", "largest difference of a gradient"],
    results.map(({ steps, loss, difference }) => [steps, loss, difference.toExponential(1)]),
  );
  const [initial, ...trained] = results.map(({ difference }) => difference), largest = Math.max(...trained);
  yield check({
    name: "largest difference",
    ours: Math.max(initial, largest),
    lecture: 0,
    within: 1e-6,
    source: notebook,
  });
  yield claim(trainedDifferMore, { value: initial, other: largest });
}

/** Returns the standard deviation of the last quarter of the losses, and how their mean changed. */
function lastQuarter(losses: Float32Array): { readonly spread: number; readonly change: number } {
  const last = losses.subarray(Math.floor(.75 * losses.length)), half = last.length >> 1;
  const mean = (values: Float32Array): number => values.reduce((a, b) => a + b, 0) / values.length;
  const whole = mean(last), squares = last.reduce((sum, loss) => sum + (loss - whole) ** 2, 0);
  return {
    spread: Math.sqrt(squares / (last.length - 1)),
    change: mean(last.subarray(half)) - mean(last.subarray(0, half)),
  };
}
