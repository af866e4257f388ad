/**
 * A training run that a browser and Deno repeat.
 *
 * @module
 */
import type { Engine } from "../../../../kernels/engine/engine.ts";
import { gpt } from "../../../../kernels/models/gpt.ts";
import { initialWeights } from "../../../../kernels/models/model.ts";
import { adamw } from "../../../../kernels/optim/adamw.ts";
import { uniformAt } from "../../../../kernels/random/philox.ts";
import { openModel } from "../../../../stages/model/model_session.ts";
import { plan } from "../../../../stages/model/plan.ts";

const STEPS = 12;

/** Trains a small GPT for twelve steps and returns their losses. */
export async function trainingLosses(engine: Engine): Promise<readonly number[]> {
  const shape = [2, 2, 16] as const, vocabSize = 65;
  const model = gpt({ layers: 2, heads: 2, channels: 32, seqLen: 16, vocabSize });
  const planned = plan({ model, training: { optimizer: adamw(), shape, clip: 1 } });
  await using session = await openModel(engine, { plan: planned, weights: initialWeights(model, 1) });
  const losses: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    const tokens = Uint32Array.from(
      { length: 65 },
      (_, i) => Math.floor(vocabSize * uniformAt(1, `batch ${step % 3}`, i)),
    );
    const batch = { inputs: tokens.slice(0, 64), targets: tokens.slice(1), shape };
    losses.push((await session.step(batch, { learningRate: 1e-2, step })).loss);
  }
  return losses;
}
