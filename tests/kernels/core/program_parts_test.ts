/**
 * Tests programs in parts.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { partsByGradients } from "../../../kernels/core/program_parts.ts";
import { isPersistent, type Program } from "../../../kernels/core/program.ts";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import { gpt } from "../../../kernels/models/gpt.ts";
import { initialWeights } from "../../../kernels/models/model.ts";
import { adamw } from "../../../kernels/optim/adamw.ts";
import { plan } from "../../../stages/model/plan.ts";

const model = gpt({ layers: 3, heads: 2, channels: 16, seqLen: 8, vocabSize: 19 });
const { programs } = plan({ model, training: { optimizer: adamw(), shape: [1, 2, 8], clip: 1 } });
const micro = programs.find(({ name }) => name === "micro")!;
const gradients = micro.slots.filter(({ kind }) => kind === "gradient").map(({ label }) => label).sort();

Deno.test("partsByGradients(): each gradient is complete once, after the last call that uses it", () => {
  for (const bytes of [1, 4096, 1e6]) {
    const parts = partsByGradients(micro, bytes);
    strictEqual(parts.length > 1, bytes < 1e6);
    deepStrictEqual(parts.flatMap(({ program }) => program.calls), micro.calls);
    deepStrictEqual(parts.flatMap(({ complete }) => complete).sort(), gradients);
    parts.forEach(({ complete }, i) => {
      const later = parts.slice(i + 1).flatMap(({ program }) => [...labelsOf(program)]);
      for (const label of complete) ok(!later.includes(label), `${label} after part ${i}`);
    });
  }
});

Deno.test("partsByGradients(): the parts one after the other compute the bits of the whole", async () => {
  const parts = partsByGradients(micro, 1).map(({ program }) => program);
  ok(parts.length > 3);
  const engine = await openCpu({ threads: 0 });
  const weights: TensorMap = {
    ...initialWeights(model, 1),
    lossWeight: { shape: [1], data: Float32Array.of(1 / 16) },
    inputs: { shape: [1, 2, 8], data: Uint32Array.from({ length: 16 }, (_, i) => i) },
    targets: { shape: [1, 2, 8], data: Uint32Array.from({ length: 16 }, (_, i) => (i * i) % 19) },
  };
  const computed = async (names: readonly string[]) => {
    await using session = await engine.open([micro, ...parts], weights);
    await session.run(names);
    return await session.read([...gradients, "loss/sum"]);
  };
  deepStrictEqual(await computed(parts.map(({ name }) => name)), await computed(["micro"]));
});

function labelsOf({ calls, slotOf }: Program): Set<string> {
  const slots = calls.flatMap(({ inputs, outputs }) => [...inputs, ...outputs].map((t) => slotOf.get(t)!));
  return new Set(slots.filter(({ kind }) => isPersistent(kind)).map(({ label }) => label));
}
