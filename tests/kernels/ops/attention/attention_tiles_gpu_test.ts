/**
 * Tests the WGSL of attention as GPUs get it, with unrolled loops, in the tiles for each size of workgroup
 * memory and without any. Software adapters get loops.
 *
 * @module
 */
import { leastLimits } from "../../../../kernels/core/gpu.ts";
import type { Case } from "../../../../kernels/core/case.ts";
import type { Op } from "../../../../kernels/core/graph.ts";
import { openWebgpu } from "../../../../kernels/engine/webgpu/webgpu_engine.ts";
import { attentionGradOp, attentionOp } from "../../../../kernels/ops/attention/attention.ts";
import type { AttentionAttrs } from "../../../../kernels/ops/attention/attention_sizes.ts";
import { compareOps } from "../../../../kernels/parity/parity.ts";
import { paritySteps } from "../../parity/parity_steps.ts";

const [T, word] = [70, { below: 2 ** 32 } as const];
const attrs: AttentionAttrs = { heads: 2, keyHeads: 1, window: 50, softCap: 1.5, dropout: 0.2 };

/** Returns a case of the op for heads of `width` channels. */
function caseOf(op: Op<AttentionAttrs>, width: number): Case<AttentionAttrs> {
  const qkv = [1, T, 4 * width], out = [1, T, 2 * width];
  const inputs = op === attentionOp ? [qkv] : [qkv, out, [1, 2, T], out];
  return { inputs: [...inputs, [2], [1]], attrs, fill: [...inputs.map(() => "normal" as const), word, word] };
}

const sizes = [
  [64, 32768],
  [64, 16384], // four invocations share a score
  [24, 16384],
  [128, 32768], // two
  [256, 32768], // four, and eight in the gradient
  [80, 16384], // in pieces of five vectors
  [100, 32768], // 25 vectors: some invocations have one column, others two
  [8, 32768], // fewer vectors than invocations of a group
  [64, 1024],
] as const;

for (const [width, bytes] of sizes) {
  Deno.test(`webgpu attention on heads of ${width} channels with ${bytes} bytes of workgroup memory matches the reference`, async (t) => {
    const asGpu = (op: Op<AttentionAttrs>): Op<AttentionAttrs> => ({
      ...op,
      cases: [caseOf(op, width)],
      wgsl: (call, gpu) =>
        op.wgsl(call, {
          ...gpu,
          software: false,
          limits: { ...leastLimits, maxComputeWorkgroupStorageSize: bytes },
        }),
    });
    await paritySteps(t, await compareOps(await openWebgpu(), [asGpu(attentionOp), asGpu(attentionGradOp)]));
  });
}
