/**
 * The WGSL kernels of a training step of GPT-2 124M, as a GPU with 32 KiB of workgroup memory gets them.
 *
 * @module
 */
import { type Gpu, leastGpu } from "../../../kernels/core/gpu.ts";
import type { Call } from "../../../kernels/core/graph.ts";
import { dispatchesOf } from "../../../kernels/core/wgsl.ts";
import { gpt } from "../../../kernels/models/gpt.ts";
import { adamw } from "../../../kernels/optim/adamw.ts";
import { plan } from "../../../stages/model/plan.ts";
import type { KernelText } from "./radv.ts";

/** A kernel, and the call that it belongs to. */
export interface StepKernel extends KernelText {
  /** Number of workgroups along each axis. */
  readonly workgroups: readonly [number, number, number];
  /** Name of the op and, if the call has several dispatches, the number of the dispatch. */
  readonly name: string;
  /** Shapes of the call's first two inputs, and its attributes. */
  readonly call: string;
}

/** The GPU that the kernels are for. */
export const gpu: Gpu = {
  ...leastGpu,
  limits: {
    ...leastGpu.limits,
    maxComputeWorkgroupStorageSize: 32768,
    maxStorageBufferBindingSize: 2 ** 31 - 4,
    maxBufferSize: 2 ** 31 - 4,
  },
};

/** Returns the distinct kernels of a step, in order of use. */
export function stepKernels(
  { batch, dropout = 0 }: { readonly batch: number; readonly dropout?: number },
): readonly StepKernel[] {
  const model = gpt({ layers: 12, heads: 12, channels: 768, seqLen: 1024, vocabSize: 50257, dropout });
  const { programs } = plan({
    model,
    training: { optimizer: adamw(), shape: [1, batch, 1024], clip: 1 },
    packBytes: gpu.limits.maxStorageBufferBindingSize,
  });
  return distinctKernels(programs.flatMap(({ calls }) => calls));
}

/** Returns the distinct kernels of calls, in order of use. */
export function distinctKernels(calls: readonly Call[]): readonly StepKernel[] {
  const byCode = new Map<string, StepKernel>();
  for (const call of calls) {
    const dispatches = dispatchesOf(call.op.wgsl(call, gpu));
    dispatches.forEach(({ code, workgroups }, i) => {
      const name = dispatches.length === 1 ? call.op.name : `${call.op.name}, ${i + 1}`;
      const bindings = [...code.matchAll(/@binding\(/g)].length;
      if (!byCode.has(code)) byCode.set(code, { name, call: describe(call), code, bindings, workgroups });
    });
  }
  return [...byCode.values()];
}

function describe({ inputs, attrs }: Call): string {
  const shapes = inputs.slice(0, 2).map(({ shape }) => `[${shape.join(", ")}]`).join(" ");
  const layout = attrs as { transposeA?: boolean; transposeB?: boolean } | null;
  return `${shapes}${layout?.transposeA ? " aᵀ" : ""}${layout?.transposeB ? " bᵀ" : ""}`;
}
