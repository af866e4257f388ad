/**
 * Tests weighted losses against TRL: answers alone, weights that are the tokens' own probabilities (DFT), and
 * micro-batches with different numbers of counted tokens.
 *
 * @module
 */
import { ok } from "node:assert/strict";
import { llama } from "../../../kernels/models/llama.ts";
import type { LlamaConfig } from "../../../kernels/models/llama_options.ts";
import { ignoredTarget } from "../../../kernels/ops/loss/cross_entropy.ts";
import { sgd } from "../../../kernels/optim/sgd.ts";
import { openHuggingFaceFolder } from "../../../stages/format/model/hugging_face_folder.ts";
import { splitLlamaTensors } from "../../../stages/format/model/llama_tensors.ts";
import { readWeights } from "../../../stages/format/model/weight_file.ts";
import type { Batch } from "../../../stages/items.ts";
import { type ModelSession, openModel } from "../../../stages/model/model_session.ts";
import { plan } from "../../../stages/model/plan.ts";
import { sharedTest } from "../../shared_data.ts";
import { engines } from "../train/engines.ts";
import { normOf } from "../train/golden_plan.ts";

const TOLERANCE = 3e-6; // twice what TRL's float32 differs from its float64

for (const on of ["cpu", "reference"] as const) {
  sharedTest(`masked and weighted losses on ${on} are TRL's, with their gradients`, [
    "golden/posttrain/expected.json",
    "golden/models/llama/model.safetensors",
  ], async (path) => {
    const { sft } = JSON.parse(await Deno.readTextFile(path("golden/posttrain/expected.json")));
    const file = await openHuggingFaceFolder(path("golden/models/llama")), weights = await readWeights(file);
    const config = file.config as LlamaConfig, model = llama(config), engine = await engines[on]();
    const open = (shape: Batch["shape"], weighted: boolean): Promise<ModelSession> =>
      openModel(engine, {
        plan: plan({
          model,
          training: { optimizer: sgd(), shape, clip: 0, weighted },
          evaluation: { batch: shape[1], seqLen: shape[2] },
        }),
        weights,
      });
    const near = (actual: number, wanted: number, what: string) =>
      ok(
        Math.abs(actual - wanted) <= TOLERANCE * Math.max(1, Math.abs(wanted)),
        `${what}: ${actual}, wanted ${wanted}`,
      );
    const norms = (gradients: Awaited<ReturnType<ModelSession["gradients"]>>) =>
      Math.hypot(...Object.values(gradients).map(normOf));

    for (const name of ["assistant_only", "all_tokens", "completion_only", "completion_only_chat"]) {
      const expected = sft[name], batch = batchOf(expected);
      await using session = await open(batch.shape, false);
      const gradients = await session.gradients(batch);
      near(norms(gradients), expected.gradient_norm_total, `${name}: norm`);
      const split = splitLlamaTensors(gradients, config);
      for (const [label, wanted] of Object.entries<number>(expected.gradient_norms ?? {})) {
        ok(Math.abs(normOf(split[label]) - wanted) < 3e-5 * Math.max(1, wanted), label);
      }
      near((await session.step(batch, { learningRate: 0, step: 0 })).loss, expected.loss, `${name}: loss`);
    }

    // A first pass gives the probabilities, which are then constants.
    const expected = sft.assistant_only, batch = batchOf(expected);
    await using session = await open(batch.shape, true);
    const losses = await session.losses(batch.inputs, batch.targets);
    const dft = {
      ...batch,
      mask: batch.mask.map((w, i) => w * Math.exp(-losses[i])),
      divisor: expected.counted_tokens,
    };
    near(norms(await session.gradients(dft)), sft.dft.gradient_norm_total, "dft: norm");
    near((await session.step(dft, { learningRate: 0, step: 0 })).loss, sft.dft.loss, "dft: loss");

    // Two conversations in one sequence see nothing of each other.
    const { packed } = sft, whole = batchOf({ input_ids: packed.input_ids, labels: packed.labels });
    const positions: number[] = packed.position_ids.flatMap((row: number[]) => row.slice(0, -1));
    const length0 = whole.shape[2],
      segments = Uint32Array.from(whole.inputs, (_, i) => i % length0 - (positions[i] ?? 0));
    await using packedSession = await openModel(engine, {
      plan: plan({
        model: llama({ ...config, seqLen: 256 }),
        training: { optimizer: sgd(), shape: whole.shape, clip: 0, segmented: true },
      }),
      weights,
    });
    const apart = { ...whole, segments };
    near(norms(await packedSession.gradients(apart)), packed.gradient_norm_total, "packed: norm");
    near((await packedSession.step(apart, { learningRate: 0, step: 0 })).loss, packed.loss, "packed: loss");

    // One row per micro-batch: the mean is over all counted tokens of the update.
    const [, rows, length] = batch.shape, each = { ...batch, shape: [rows, 1, length] as const };
    await using accumulated = await open(each.shape, false);
    near(
      (await accumulated.step(each, { learningRate: 0, step: 0 })).loss,
      expected.loss,
      "accumulated: loss",
    );
  });
}

/** Returns a batch of rows, whose labels of -100 do not count. */
function batchOf(
  { input_ids, labels }: { readonly input_ids: readonly number[][]; readonly labels: readonly number[][] },
): Batch & { readonly mask: Float32Array } {
  const length = Math.max(...input_ids.map((row) => row.length)) - 1;
  const padded = (rows: readonly number[][], from: number, fill: number) =>
    rows.flatMap((row) => Array.from({ length }, (_, i) => i + 1 < row.length ? row[i + from] : fill));
  const wanted = padded(labels, 1, -100);
  return {
    inputs: Uint32Array.from(padded(input_ids, 0, 0)),
    targets: Uint32Array.from(wanted, (id) => id < 0 ? ignoredTarget : id),
    mask: Float32Array.from(wanted, (id) => id < 0 ? 0 : 1),
    shape: [1, input_ids.length, length],
  };
}
