/**
 * A whole training step of a GPT: forward, backward, clipping and AdamW on one batch. The results that are
 * compared are the losses of the first three steps, taken before any measurement.
 *
 * @module
 */
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import { gpt } from "../../../kernels/models/gpt.ts";
import { initialWeights } from "../../../kernels/models/model.ts";
import { openTrainingStep, stepBatch, type StepSize } from "../../training_step.ts";
import type { Comparison, Contender } from "../comparison.ts";
import { jaxStep } from "./step_jaxjs.ts";
import { tfStep } from "./step_tfjs.ts";

/** What a peer needs to train. */
export interface StepSetup {
  /** Sizes of the model and its batch. */
  readonly size: StepSize;
  /** Initial weights, keyed by Hugging Face's names. */
  readonly weights: TensorMap;
  /** The batch: `inputs` and `targets`, [B, T] each. */
  readonly batch: TensorMap;
  /** Learning rate of all steps. */
  readonly learningRate: number;
}

/** Number of steps whose losses are compared; the loss of the third depends on two updates. */
export const comparedSteps = 3;

/**
 * Number of steps between two waits for the device. A real training run waits equally rarely, because it
 * reads the losses of several steps at once.
 */
export const stepsTogether = 10;

/** Compares training steps of a model of the given size. */
export function compareStep(size: StepSize): Comparison {
  const { inputs, targets } = stepBatch(size), shape = [size.batch, size.seqLen];
  const setup = (): StepSetup => ({
    size,
    weights: initialWeights(gpt(size), 1),
    batch: { inputs: { shape, data: inputs }, targets: { shape, data: targets } },
    learningRate: 1e-4,
  });
  return {
    name: `training step, ${size.name}`,
    work: { tokens: size.batch * size.seqLen },
    // The first losses are about `log(vocabSize)`; they may differ by 0.001.
    tolerance: 1e-3 / Math.log(size.vocabSize),
    async ours(engine) {
      const training = await openTrainingStep(engine, size);
      return stepContender({
        name: `this project, ${engine.device}`,
        run: (steps) => training.steps(steps),
        dispose: () => training[Symbol.asyncDispose](),
      });
    },
    jaxjs: (device) => jaxStep(device, setup()),
    tfjs: (tf) => tfStep(tf, setup()),
  };
}

/**
 * Makes a contender from `run`, which performs at most `stepsTogether` training steps, waits for them and
 * returns the loss of the last one.
 */
export function stepContender(
  { name, run, dispose }: {
    readonly name: string;
    readonly run: (steps: number) => Promise<number>;
    readonly dispose: () => PromiseLike<void>;
  },
): Contender {
  return {
    name,
    async measure(steps) {
      const before = performance.now();
      for (let done = 0; done < steps; done += stepsTogether) {
        await run(Math.min(stepsTogether, steps - done));
      }
      return (performance.now() - before) / 1000 / steps;
    },
    async results() {
      const losses: number[] = [];
      for (let i = 0; i < comparedSteps; i++) losses.push(await run(1));
      return { losses };
    },
    [Symbol.asyncDispose]: dispose,
  };
}
