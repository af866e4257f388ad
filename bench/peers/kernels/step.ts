/**
 * A whole training step of a GPT: forward, backward, clipping and AdamW on one batch. What comes out, to compare, are
 * the losses of the first three steps; they are taken before any step is measured.
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

/** What a peer needs for it. */
export interface StepSetup {
  /** The model's. */
  readonly size: StepSize;
  /** First values, by Hugging Face's names. */
  readonly weights: TensorMap;
  /** inputs and targets, [B, T]. */
  readonly batch: TensorMap;
  /** For all steps. */
  readonly learningRate: number;
}

/** Steps whose losses are compared: the third one's shows two updates. */
export const comparedSteps = 3;

/** Steps between waits on a GPU, as training reads several losses at once. */
export const stepsTogether = 10;

/** Lets the libraries train a model of a size. */
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
    tolerance: 1e-3 / Math.log(size.vocabSize), // 0.001 of a first loss
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

/** A contender made of `run`, which takes at most `stepsTogether` steps, waits, and gives the last one's loss. */
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
