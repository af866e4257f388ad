/**
 * Tests on every engine that decoding with a KV cache agrees with whole forward passes.
 *
 * @module
 */
import { deepStrictEqual, ok, rejects } from "node:assert/strict";
import { Graph } from "../../../kernels/core/graph.ts";
import { RootScope } from "../../../kernels/core/scope.ts";
import { normals } from "../../../kernels/random/philox.ts";
import { compile } from "../../../kernels/core/program.ts";
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { openReference } from "../../../kernels/engine/reference.ts";
import { openWebgpu } from "../../../kernels/engine/webgpu/webgpu_engine.ts";
import { gpt } from "../../../kernels/models/gpt.ts";
import { initialWeights } from "../../../kernels/models/model.ts";
import { plan } from "../../../stages/model/plan.ts";
import { openModel } from "../../../stages/model/model_session.ts";

const seqLen = 40, texts = 3, vocabSize = 70;
const model = gpt({ layers: 2, heads: 3, channels: 24, seqLen, vocabSize, vocabPad: 64 });
// The weights are ten times as large as initial weights, so that attention prefers some keys and a wrong key
// changes the logits.
const weights: TensorMap = Object.fromEntries(
  Object.entries(initialWeights(model, 3)).map(([name, { shape, data }]) => [
    name,
    { shape, data: shape.length === 2 ? normals(3, name, data.length, 0.2) : data },
  ]),
);
const tokens = Array.from(
  { length: texts },
  (_, text) => Uint32Array.from({ length: seqLen }, (_, i) => (i * i * 7 + 3 * i + 11 * text) % vocabSize),
);

/** Returns the logits of all positions of all texts, in float64. */
async function wholePass(): Promise<(text: number, position: number) => Float32Array> {
  const graph = new Graph(), shape = [texts, seqLen];
  const input = graph.leaf("tokens", { shape, dtype: "u32" }, "input");
  graph.output("logits", model.forward(new RootScope(graph), input));
  await using session = await openReference().open([compile("whole", graph)], weights);
  session.write({ tokens: { shape, data: Uint32Array.from(tokens.flatMap((ids) => [...ids])) } });
  await session.run(["whole"]);
  const data = Float32Array.from((await session.read(["logits"])).logits.data), { paddedVocabSize } = model;
  return (text, position) => {
    const at = (text * seqLen + position) * paddedVocabSize;
    return data.subarray(at, at + vocabSize);
  };
}

function checkClose(actual: Float32Array, wanted: Float32Array, where: string): void {
  actual.forEach((x, i) =>
    ok(Math.abs(x - wanted[i]) < 1e-4, `${where}, token ${i}: ${x}, wanted ${wanted[i]}`)
  );
}

const engines: Readonly<Record<string, () => Promise<Engine>>> = {
  reference: () => Promise.resolve(openReference()),
  cpu: () => openCpu({ threads: 2 }),
  webgpu: openWebgpu,
};

Deno.test("Decoder gives the logits of the whole forward pass at every position, after prefills of several lengths", async (t) => {
  const wanted = await wholePass();
  ok(wanted(0, 20).some((x) => Math.abs(x) > 1));
  for (const [name, open] of Object.entries(engines)) {
    await t.step(name, async () => {
      await using session = await openModel(await open(), {
        plan: plan({ model, sampling: { texts } }),
        weights,
      });
      const { decoder } = session;
      // Prompts of 33, 5 and 1 tokens. They are not read in this order, and the second prompt is read in two
      // parts.
      const lengths = [33, 5, 1];
      for (const [text, length] of [[1, 3], [0, 33], [2, 1]]) {
        checkClose(
          await decoder.prefill(tokens[text].subarray(0, length), { text }),
          wanted(text, length - 1),
          `${name}, ${length} tokens read`,
        );
      }
      checkClose(
        await decoder.prefill(tokens[1].subarray(3, 5), { text: 1, from: 3 }),
        wanted(1, 4),
        `${name}, second part`,
      );
      for (let step = 0; step < 9; step++) {
        const next = [2, 0, 1].map((text) => ({ text, position: lengths[text] + step }))
          .filter(({ position }) => position < seqLen) // the first text is full after seven steps
          .map(({ text, position }) => ({ text, position, id: tokens[text][position] }));
        const found = await decoder.decode(next);
        next.forEach(({ text, position }, i) => {
          checkClose(found[i], wanted(text, position), `${name}, text ${text} at ${position}`);
        });
      }
      await decoder.copy({ from: 1, to: 0 });
      const [copied] = await decoder.decode([{ text: 0, position: 14, id: tokens[1][14] }]);
      checkClose(copied, wanted(1, 14), `${name}, copied`);
      await rejects(decoder.decode([{ text: 0, position: seqLen, id: 1 }]), /position 40/);
      await rejects(decoder.decode([{ text: 3, position: 0, id: 1 }]), /text 3: the plan has 3/);
      await rejects(decoder.decode([1, 1].map((text) => ({ text, position: 0, id: 1 }))), /one each/);
      await rejects(decoder.prefill(new Uint32Array(9), { from: 32 }), /9 tokens from position 32/);
    });
  }
});

Deno.test("Decoder gives the same bits on the CPU engine regardless of how a prompt is split and which texts are decoded together", async () => {
  const read = async (threads: number) => {
    await using session = await openModel(await openCpu({ threads }), {
      plan: plan({ model, sampling: { texts } }),
      weights,
    });
    const { decoder } = session, ids = tokens[0].subarray(0, 34);
    const last = { text: 0, position: 33, id: ids[33] };
    const results = [await decoder.prefill(ids)];
    for (const batch of [[], [1], [1, 2]]) {
      await decoder.prefill(ids.subarray(0, 2));
      await decoder.prefill(ids.subarray(2, 33), { from: 2 });
      const others = batch.map((text) => ({ text, position: 0, id: text }));
      results.push((await decoder.decode([...others, last]))[batch.length]);
    }
    return results;
  };
  const [first, ...others] = [...await read(1), ...await read(2)];
  others.forEach((other) => deepStrictEqual(other, first));
});
