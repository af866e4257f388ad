/**
 * Solution of the WaveNet lesson's exercise: a net with gates and residual connections.
 *
 * @module
 */
import { batchNormLayer } from "../../../kernels/models/course/batch_norm_layer.ts";
import type { ContextNet } from "../../../kernels/models/course/name_nets.ts";
import {
  dense,
  embedding,
  flatten,
  sequential,
  type SequentialLayer,
} from "../../../kernels/models/course/sequential.ts";
import { add, mul } from "../../../kernels/ops/elementwise/arith.ts";
import { narrow } from "../../../kernels/ops/indexing/concat.ts";
import { sigmoid } from "../../../kernels/ops/elementwise/exp_log.ts";
import { tanh } from "../../../kernels/ops/elementwise/tanh.ts";
import { lineChart } from "../../../stages/report/chart/line.ts";
import type { Names } from "../data.ts";
import { claim } from "../claim.ts";
import { check, code, figure, type Item, lines, say, table } from "../item.ts";
import { fallingRateHelps } from "./wavenet_claims.ts";
import type { LessonEnv } from "../lesson.ts";
import { Letters } from "../letters.ts";
import { engineForSmallNets, means, pointCaption } from "../net_training.ts";
import { trainOnNames } from "./train_on_names.ts";

/** Sizes of the gated net. */
export interface GatedOptions {
  /** Number of letters, including the boundary mark. */
  readonly vocabSize: number;
  /** Size of an embedding. */
  readonly channels: number;
  /** Size of a gate's output. */
  readonly hidden: number;
  /** Number of layers that join pairs; the context has `2^depth` letters. */
  readonly depth: number;
}

/**
 * Returns a WaveNet whose layers are gates. From the second layer on, a residual connection adds the second
 * of a gate's two input vectors to the gate's output.
 */
export function gatedWavenet({ vocabSize, channels, hidden, depth }: GatedOptions): ContextNet {
  const layers = [
    embedding(vocabSize, channels),
    ...Array.from({ length: depth }, (_, i) => [flatten(2), gate(hidden, { residual: i > 0 })]).flat(),
    dense(vocabSize, { gain: .1 }),
  ];
  return sequential({ name: "gated-wavenet", context: 2 ** depth, vocabSize, layers });
}

/**
 * Returns a layer that multiplies the tanh of one dense layer by the sigmoid of another, both with batch
 * norm: [..., inputs] → [..., hidden]. The last axis of the input `x` consists of two vectors. With
 * `residual`, the second one is added to the output; `inputs` must then be `2 · hidden`.
 */
function gate(hidden: number, { residual }: { readonly residual: boolean }): SequentialLayer {
  const value = dense(hidden, { bias: false }),
    amount = dense(hidden, { bias: false }),
    norm = batchNormLayer();
  return (scope, x, mode) => {
    const normalized = (layer: SequentialLayer, name: string) => {
      const layerScope = scope.at(name);
      return norm(layerScope.at("norm"), layer(layerScope, x, mode), mode);
    };
    const y = mul(tanh(normalized(value, "value")), sigmoid(normalized(amount, "gate")));
    return residual ? add(y, narrow(x, { axis: x.shape.length - 1, start: hidden, length: hidden })) : y;
  };
}

/** Losses of the lecture's final net. */
const lectureLoss = 1.993, lectureTrainLoss = 1.769;
const weightDecay = 5e-4;
/** Number of steps after which the gated net's loss is lower than the lecture's. */
const fullSteps = 40_000;

/** E01: gates, residual connections, weight decay, and a learning rate that falls to 0. */
export async function* gatedSolution(env: LessonEnv<Names>, steps: number): AsyncGenerator<Item> {
  const { words } = env.data, letters = new Letters(words);
  const net = gatedWavenet({ vocabSize: letters.count, channels: 24, hidden: 96, depth: 3 });
  yield say(
    `This is the tree of the lesson with WaveNet's gate in each layer, a residual connection from the second layer on, and 96 neurons per layer. The lecture's net overfits: its loss is ${lectureTrainLoss} on the training names and ${lectureLoss} on the validation names. A weight decay of ${weightDecay} works against that. The learning rate is 0.1 and falls linearly to 0 in the second half of the ${
      steps.toLocaleString("en-US")
    } steps.`,
  );
  yield code("pipelines/lesson/wavenet/wavenet_solutions.ts", "gate");
  const trained = yield* trainOnNames(net, {
    words,
    letters,
    engine: await engineForSmallNets(env),
    seed: env.seed,
    steps,
    weightDecay,
    rate: (step) => .1 * Math.min(1, 2 * (1 - step / steps)),
    nameCount: 10,
  });
  const width = Math.max(1, Math.round(steps / 100)), { train, dev, test } = trained.losses;
  const { x, y } = means(trained.curve, width);
  yield claim(fallingRateHelps, { value: y[y.length - 1], other: y[Math.floor(y.length / 2)] });
  yield figure(
    `Here ${pointCaption(width)}.`,
    lineChart({ series: [{ name: `mean of ${width}`, x, y }], xLabel: "step", yLabel: "loss" }),
  );
  yield table(["parameters", "train", "validation", "test", "seconds"], [
    [trained.parameters, train, dev, test, trained.seconds.toFixed(0)],
  ]);
  yield check({
    name: `validation ${dev.toFixed(3)}`,
    ours: dev < lectureLoss ? `below ${lectureLoss}` : `not below ${lectureLoss}`,
    lecture: `below ${lectureLoss}`,
    source: "makemore part 5, challenge",
    mayDiffer: env.reasonToDiffer() ?? (steps < fullSteps ? "a shorter run than ours" : null),
  });
  yield lines(trained.names.join(" "));
}
