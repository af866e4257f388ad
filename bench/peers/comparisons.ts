/**
 * All comparisons with packages of npm, by name.
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

/** Those asked for, in their order. Throws RangeError for a name or size that is none. */
export function comparisons(
  { only, sizes, steps }: {
    /** Names. */
    readonly only: readonly string[];
    /** m, k, n of each matrix product. */
    readonly sizes: readonly (readonly number[])[];
    /** Names of sizes of training steps. */
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
