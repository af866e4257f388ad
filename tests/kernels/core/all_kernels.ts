/**
 * The WGSL of every kernel: of all ops in all of their cases, on several kinds of GPU, in all variants.
 *
 * @module
 */
import { type Gpu, leastGpu, leastLimits, type WgslKernel } from "../../../kernels/core/gpu.ts";
import { boundKernel, usedBindings } from "../../../kernels/core/bound_kernel.ts";
import { callKey } from "../../../kernels/core/op.ts";
import { ops } from "../../../kernels/ops/list.ts";
import { caseGraph } from "../../../kernels/parity/run_cases.ts";

/** A dispatch of a kernel, with the GPU that it was generated for. */
export interface GeneratedKernel extends WgslKernel {
  /** The op, its inputs, the kind of GPU and the variant, for messages. */
  readonly name: string;
  readonly gpu: Gpu;
  /** Number of bindings of the call, scratch memory included, and of those that the dispatch uses. */
  readonly bindings: number;
  readonly used: number;
}

const large = {
  ...leastLimits,
  maxComputeWorkgroupStorageSize: 49152,
  maxComputeInvocationsPerWorkgroup: 1024,
  maxComputeWorkgroupSizeX: 1024,
};

/**
 * Kinds of GPU: the weakest, a large one with every feature, one in software, and each with 16-bit products.
 */
const gpus: Readonly<Record<string, Gpu>> = {
  least: leastGpu,
  large: { limits: large, features: new Set(["shader-f16", "subgroups"]), software: false },
  software: { ...leastGpu, software: true },
  "least, half": { ...leastGpu, half: true },
  "large, half": { limits: large, features: new Set(["shader-f16"]), software: false, half: true },
};

/** Returns every kernel once; large cases of benches are included, because nothing is run. */
export function* allKernels(): Iterable<GeneratedKernel> {
  for (const op of ops) {
    for (const c of op.cases) {
      const [call] = caseGraph(op, c).graph.calls;
      for (const [kind, gpu] of Object.entries(gpus)) {
        for (const variant of op.variants?.(call, gpu) ?? [""]) {
          const chosen = variant === "" ? gpu : { ...gpu, choices: new Map([[callKey(call), variant]]) };
          const { dispatches, tensors, scratchBytes } = boundKernel(call, chosen);
          const name = `${op.name} ${JSON.stringify(c.inputs)} on ${kind} GPU ${variant}`;
          const bindings = tensors.length + (scratchBytes > 0 ? 1 : 0);
          for (const dispatch of dispatches) {
            yield { ...dispatch, name, gpu, bindings, used: usedBindings(dispatch.code).length };
          }
        }
      }
    }
  }
}
