/**
 * Shows how much the losses in float32 differ from those in float64.
 *
 * @module
 */
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { openReference } from "../../../kernels/engine/reference.ts";
import { type ContextNet, wavenet } from "../../../kernels/models/course/name_nets.ts";
import { torchWeights } from "../../../kernels/models/course/torch_weights.ts";
import { sgd } from "../../../kernels/optim/sgd.ts";
import { openDeviceTrainer } from "../../../stages/train/on_device/device_trainer.ts";
import { claim } from "../claim.ts";
import { heading, type Item, say } from "../item.ts";
import { float32Suffices } from "./wavenet_claims.ts";
import { examplesOf, type Letters, splitWords } from "../letters.ts";
import { trainOn } from "../net_training.ts";
import { batch } from "./train_on_names.ts";

/** Data of the compared training runs, and their number of steps. */
export interface PrecisionOptions {
  readonly engine: Engine;
  readonly words: readonly string[];
  readonly letters: Letters;
  readonly seed: number;
  /** Number of updates. */
  readonly steps: number;
}

/** Losses of the same training steps, computed in two precisions. */
export interface PrecisionLosses {
  /** Losses on the engine, in float32. */
  readonly float32: Float32Array;
  /** Losses on the reference engine, which computes in float64. */
  readonly float64: Float32Array;
}

/** Trains a net on all examples of `words` twice: with the engine, and in float64. */
export async function* lossesInBothPrecisions(
  net: ContextNet,
  { engine, words, letters, seed, steps }: PrecisionOptions,
): AsyncGenerator<Item, PrecisionLosses> {
  const examples = examplesOf(words, { letters, context: net.context });
  const losses: Float32Array[] = [];
  for (const one of [engine, openReference()]) {
    const random = new TorchRandom(seed),
      weights = torchWeights(net, random),
      optimizer = sgd({ momentum: 0 });
    await using trainer = await openDeviceTrainer(one, {
      model: net,
      examples,
      batch,
      optimizer,
      weights,
      chunk: 10,
    });
    losses.push(yield* trainOn(trainer, { steps, among: examples.count, batch, random, rate: () => .1 }));
  }
  return { float32: losses[0], float64: losses[1] };
}

/** Repeats the first steps of the last net in float64. */
export async function* float64Section(options: PrecisionOptions): AsyncGenerator<Item> {
  yield heading("How exact float32 is");
  const net = wavenet({ vocabSize: options.letters.count });
  const { float32, float64 } = yield* lossesInBothPrecisions(net, {
    ...options,
    words: splitWords(options.words).train,
  });
  const largest = float32.reduce((most, loss, i) => Math.max(most, Math.abs(loss - float64[i])), 0);
  yield say("The first steps of the last net, repeated in float64 by the definition of each operation:");
  yield claim(float32Suffices, { steps: options.steps, difference: largest });
}
