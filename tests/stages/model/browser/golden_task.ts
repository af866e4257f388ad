/**
 * Golden runs as data, so that a browser can repeat them. Imports nothing that a browser lacks.
 *
 * @module
 */
import type { TensorMap } from "../../../../kernels/core/tensor.ts";
import type { Engine } from "../../../../kernels/engine/engine.ts";
import type { LlmcModel } from "../../../../stages/format/model/llmc_model.ts";
import type { Batch } from "../../../../stages/items.ts";
import { openModel } from "../../../../stages/model/model_session.ts";
import { planOf } from "../../train/golden_plan.ts";

/** A training run: everything that it starts from. */
export interface GoldenTask {
  readonly sizes: LlmcModel["sizes"];
  readonly weights: Readonly<Record<string, { readonly shape: readonly number[]; readonly data: number[] }>>;
  readonly options: { readonly beta2: number; readonly weightDecay: number; readonly clip: number };
  readonly shape: Batch["shape"];
  /** Inputs, targets and learning rate of each step. */
  readonly steps: readonly {
    readonly inputs: readonly number[];
    readonly targets: readonly number[];
    readonly learningRate: number;
  }[];
}

/** Losses and gradient norms of a run, one per step. */
export interface GoldenResult {
  readonly losses: readonly number[];
  readonly norms: readonly number[];
}

/** Repeats a run. */
export async function trainTask(engine: Engine, task: GoldenTask): Promise<GoldenResult> {
  const { shape, options } = task, plan = planOf(task, { shape, ...options });
  const weights: TensorMap = Object.fromEntries(
    Object.entries(task.weights).map((
      [name, { shape, data }],
    ) => [name, { shape, data: Float32Array.from(data) }]),
  );
  await using model = await openModel(engine, { plan, weights });
  const losses: number[] = [], norms: number[] = [];
  for (const [step, { inputs, targets, learningRate }] of task.steps.entries()) {
    const batch = { inputs: Uint32Array.from(inputs), targets: Uint32Array.from(targets), shape };
    const { loss, gradNorm } = await model.step(batch, { learningRate, step });
    losses.push(loss);
    norms.push(gradNorm);
  }
  return { losses, norms };
}
