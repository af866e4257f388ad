/**
 * How far float32 strays from float64 in the first steps of training.
 *
 * @module
 */
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { openReference } from "../../../kernels/engine/reference.ts";
import type { ContextNet } from "../../../kernels/models/course/name_nets.ts";
import { torchWeights } from "../../../kernels/models/course/torch_weights.ts";
import { sgd } from "../../../kernels/optim/sgd.ts";
import { openDeviceTrainer } from "../../../stages/train/on_device/device_trainer.ts";
import type { Item } from "../item.ts";
import { examplesOf, type Letters } from "../letters.ts";
import { trainOn } from "../net_training.ts";

/** Training that is done on two engines. */
export interface TwiceOptions {
  readonly engine: Engine;
  readonly words: readonly string[];
  readonly letters: Letters;
  readonly seed: number;
  readonly steps: number;
  readonly batch: number;
}

/** Losses of the same steps on the engine and in float64. */
export async function* lossesTwice(
  net: ContextNet,
  { engine, words, letters, seed, steps, batch }: TwiceOptions,
): AsyncGenerator<Item, { readonly ours: Float32Array; readonly exact: Float32Array }> {
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
  return { ours: losses[0], exact: losses[1] };
}
