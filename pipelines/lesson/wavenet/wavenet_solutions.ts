/**
 * Ours to the challenge of the WaveNet lesson.
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
import { check, figure, type Item, lines, say, table } from "../item.ts";
import type { LessonEnv } from "../lesson.ts";
import { Letters } from "../letters.ts";
import { trainedOnNames } from "./name_nets.ts";
import { engineForSmallNets, means } from "../net_training.ts";

/** Sizes of the gated net. */
export interface GatedOptions {
  readonly vocabSize: number;
  readonly channels: number;
  readonly hidden: number;
  /** The context is 2 to this power. */
  readonly depth: number;
}

/** Neighbours joined by twos through WaveNet's gate; from the second layer on, what goes in is added to what comes out. */
export function gatedWavenet({ vocabSize, channels, hidden, depth }: GatedOptions): ContextNet {
  const layers = [
    embedding(vocabSize, channels),
    ...Array.from({ length: depth }, (_, i) => [flatten(2), gate(hidden, { residual: i > 0 })]).flat(),
    dense(vocabSize, { gain: .1 }),
  ];
  return sequential({ name: "gated-wavenet", context: 2 ** depth, vocabSize, layers });
}

/**
 * tanh of one dense layer times sigmoid of another, both normalized: [..., in] → [..., hidden]. `residual` adds the second of
 * the two neighbours that x holds; in is 2 · hidden then.
 */
function gate(hidden: number, { residual }: { readonly residual: boolean }): SequentialLayer {
  const value = dense(hidden, { bias: false }),
    amount = dense(hidden, { bias: false }),
    norm = batchNormLayer();
  return (scope, x, now) => {
    const through = (layer: SequentialLayer, name: string) => {
      const at = scope.at(name);
      return norm(at.at("norm"), layer(at, x, now), now);
    };
    const y = mul(tanh(through(value, "value")), sigmoid(through(amount, "gate")));
    if (!residual) return y;
    const size = x.shape.length - 1, at = { axis: size, length: hidden };
    return add(y, narrow(x, { ...at, start: hidden }));
  };
}

/** E01: gates, residual connections, weights that are pulled to 0, a rate that falls to nothing. */
export async function* gatedSolution(env: LessonEnv<Names>, steps: number): AsyncGenerator<Item> {
  const { words } = env.data, letters = new Letters(words), lecture = 1.993, weightDecay = 5e-4;
  const net = gatedWavenet({ vocabSize: letters.count, channels: 24, hidden: 96, depth: 3 });
  yield say(
    `The tree of the lesson with WaveNet's gate in each layer and, from the second on, a residual connection; 96 neurons. The lesson's net is 0.22 better on names that it learned from than on others: it learns by heart. So each step also takes ${weightDecay} of the rate off every weight. The rate is 0.1 and falls to 0 in the second half of ${
      steps.toLocaleString("en-US")
    } steps.`,
  );
  const trained = yield* trainedOnNames(net, {
    words,
    letters,
    engine: await engineForSmallNets(env),
    seed: env.seed,
    steps,
    weightDecay,
    rate: (step) => .1 * Math.min(1, 2 * (1 - step / steps)),
    names: 10,
  });
  const width = Math.max(1, Math.round(steps / 100)), { train, dev, test } = trained.losses;
  yield figure(
    "It falls once more as the rate does.",
    lineChart({
      series: [{ name: `mean of ${width}`, ...means(trained.curve, width) }],
      xLabel: "step",
      yLabel: "loss",
    }),
  );
  yield table(["parameters", "train", "validation", "test", "seconds"], [
    [trained.parameters, train, dev, test, trained.seconds.toFixed(0)],
  ]);
  yield check({
    name: `validation ${dev.toFixed(3)}`,
    ours: dev < lecture ? `below ${lecture}` : `not below ${lecture}`,
    lecture: `below ${lecture}`,
    source: "makemore part 5, challenge",
    mayDiffer: env.reasonToDiffer() ?? (steps < 40_000 ? "a shorter run than ours" : null),
  });
  yield lines(trained.drawn.join(" "));
}
