/**
 * The golden runs that a browser repeats: the run whose weights are given by formulas, which PyTorch
 * computed, and nanoGPT's run.
 *
 * @module
 */
import { ok, strictEqual } from "node:assert/strict";
import { schedule } from "../../../../kernels/optim/schedule.ts";
import { type LlmcModel, readLlmcModel } from "../../../../stages/format/model/llmc_model.ts";
import type { Batch } from "../../../../stages/items.ts";
import { tokensOf } from "../../train/golden_cases.ts";
import { consecutive } from "../../train/golden_plan.ts";
import { weightFree, weightFreeBatch, weightFreeModel } from "../../train/golden_runs.ts";
import type { GoldenResult, GoldenTask } from "./golden_task.ts";

/** A run with the losses and norms that another program computed. */
export interface GoldenRun {
  readonly name: string;
  readonly task: GoldenTask;
  readonly wanted: GoldenResult;
  /** Largest difference of a loss, and of a norm relative to it. */
  readonly within: { readonly loss: number; readonly norm: number };
}

/** Fails unless a run has the losses and norms that the other program computed. */
export function checkGolden({ name, wanted, within }: GoldenRun, found: GoldenResult): void {
  strictEqual(found.losses.length, wanted.losses.length);
  wanted.losses.forEach((loss, i) => {
    const where = `${name}, step ${i}: loss ${found.losses[i]}, norm ${found.norms[i]}`;
    ok(Math.abs(found.losses[i] - loss) <= within.loss, `${where}, wanted loss ${loss}`);
    const norm = wanted.norms[i];
    ok(Math.abs(found.norms[i] - norm) <= within.norm * norm, `${where}, wanted norm ${norm}`);
  });
}

/** Returns the run whose weights are given by formulas. */
export async function weightFreeRun(): Promise<GoldenRun> {
  const batch = weightFreeBatch(), losses = weightFree.losses.slice(0, weightFree.norms.length);
  return {
    name: "weight-free model",
    task: taskOf(await weightFreeModel(), {
      options: { beta2: 0.95, weightDecay: 0.1, clip: 1 },
      batches: losses.map(() => ({ batch, learningRate: weightFree.learningRate })),
    }),
    wanted: { losses, norms: weightFree.norms },
    within: { loss: 1e-5, norm: 1e-4 },
  };
}

/** Returns nanoGPT's run, from files of `../shared/data/golden`. */
export async function nanogptRun(path: (name: string) => URL | string): Promise<GoldenRun> {
  const { hyper, steps } = JSON.parse(await Deno.readTextFile(path("golden/nanogpt.json")));
  const shape = [hyper.accum, hyper.B, hyper.T] as const;
  const batchAt = consecutive(await tokensOf(String(path("golden/tokens.bin"))), shape);
  const { lr, min_lr: minLr, warmup } = hyper;
  const rate = schedule({ kind: "cosine", lr, minLr, warmup, steps: hyper.steps });
  return {
    name: "nanoGPT",
    task: taskOf(await readLlmcModel(path("golden/gpt.bin")), {
      options: { beta2: hyper.b2, weightDecay: hyper.wd, clip: hyper.clip },
      batches: steps.map((_: unknown, i: number) => ({ batch: batchAt(i), learningRate: rate(i) })),
    }),
    wanted: {
      losses: steps.map(({ loss }: { loss: number }) => loss),
      norms: steps.map(({ gradNorm }: { gradNorm: number }) => gradNorm),
    },
    within: { loss: 2e-4, norm: 1e-3 },
  };
}

function taskOf(
  { sizes, weights }: LlmcModel,
  { options, batches }: {
    readonly options: GoldenTask["options"];
    readonly batches: readonly { readonly batch: Batch; readonly learningRate: number }[];
  },
): GoldenTask {
  return {
    sizes,
    weights: Object.fromEntries(
      Object.entries(weights).map(([name, { shape, data }]) => [name, { shape, data: Array.from(data) }]),
    ),
    options,
    shape: batches[0].batch.shape,
    steps: batches.map(({ batch: { inputs, targets }, learningRate }) => ({
      inputs: Array.from(inputs),
      targets: Array.from(targets),
      learningRate,
    })),
  };
}
