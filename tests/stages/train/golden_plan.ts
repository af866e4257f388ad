/**
 * The plan and the batches of golden runs. Imports nothing that a browser lacks.
 *
 * @module
 */
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import { gpt } from "../../../kernels/models/gpt.ts";
import { adamw } from "../../../kernels/optim/adamw.ts";
import type { LlmcModel } from "../../../stages/format/model/llmc_model.ts";
import type { Batch } from "../../../stages/items.ts";
import { type Plan, plan } from "../../../stages/model/plan.ts";

/** Returns the plan of a model that was read from an llm.c file. */
export function planOf(
  model: Pick<LlmcModel, "sizes">,
  options: { shape: Batch["shape"]; beta2: number; weightDecay: number; clip: number },
): Plan {
  const { paddedVocabSize: _, ...config } = model.sizes;
  const [, batch, seqLen] = options.shape;
  return plan({
    model: gpt({ ...config, vocabPad: 1 }),
    training: { optimizer: adamw(options), shape: options.shape, clip: options.clip },
    evaluation: { batch, seqLen },
    sampling: true,
  });
}

/** Returns consecutive windows of a token stream: batch `i` starts at token `i·A·B·T`. */
export function consecutive(tokens: Uint16Array, shape: Batch["shape"]): (index: number) => Batch {
  const count = shape[0] * shape[1] * shape[2];
  return (index) => ({
    inputs: Uint32Array.from(tokens.subarray(index * count, (index + 1) * count)),
    targets: Uint32Array.from(tokens.subarray(index * count + 1, (index + 1) * count + 1)),
    shape,
  });
}

/** Returns the Euclidean norm of a tensor. */
export function normOf(tensor: TensorMap[string]): number {
  return Math.sqrt(Array.from(tensor.data).reduce((sum, x) => sum + x * x, 0));
}
