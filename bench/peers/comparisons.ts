/**
 * All comparisons with npm packages, by name.
 *
 * @module
 */
import { stepSizes } from "../training_step.ts";
import type { Comparison } from "./comparison.ts";
import { compareKernel } from "./kernel.ts";
import { adamwKernel } from "./kernels/adamw.ts";
import { attentionKernel } from "./kernels/attention.ts";
import { crossEntropyKernel } from "./kernels/cross_entropy.ts";
import { embeddingKernel } from "./kernels/embedding.ts";
import { layerNormKernel } from "./kernels/layer_norm.ts";
import { matmulKernel } from "./kernels/matmul.ts";
import { compareStep } from "./kernels/step.ts";

/**
 * Returns the requested comparisons, in the order requested. Throws RangeError for an unknown name or size.
 */
export function comparisons(
  { only, sizes, steps }: {
    /** Names of comparisons. */
    readonly only: readonly string[];
    /** Sizes of matrix products, [m, k, n] each. */
    readonly sizes: readonly (readonly number[])[];
    /** Names of training step sizes. */
    readonly steps: readonly string[];
  },
): Comparison[] {
  const known: Record<string, () => Comparison[]> = {
    "matmul": () => sizes.map((size) => compareKernel(matmulKernel(size))),
    "attention": () => [compareKernel(attentionKernel)],
    "layer-norm": () => [compareKernel(layerNormKernel)],
    "cross-entropy": () => [compareKernel(crossEntropyKernel)],
    "adamw": () => [compareKernel(adamwKernel)],
    "embedding": () => [compareKernel(embeddingKernel)],
    "step": () =>
      steps.map((wanted) => {
        const size = stepSizes.find(({ name }) => name === wanted);
        if (size !== undefined) return compareStep(size);
        throw new RangeError(
          `Cannot train ${wanted}: wanted ${stepSizes.map(({ name }) => name).join(", ")}`,
        );
      }),
  };
  return only.flatMap((name) => {
    if (Object.hasOwn(known, name)) return known[name]();
    throw new RangeError(`Cannot compare ${name}: wanted ${Object.keys(known).join(", ")}`);
  });
}
