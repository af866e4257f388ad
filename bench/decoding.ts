/**
 * One-token decoding of GPT-2 124M, and a memory copy to compare it with. Both read more than fits into any
 * cache.
 *
 * @module
 */
import { Graph } from "../kernels/core/graph.ts";
import { normals } from "../kernels/random/philox.ts";
import { compile } from "../kernels/core/program.ts";
import { bytesOf, type TensorMap } from "../kernels/core/tensor.ts";
import type { Engine } from "../kernels/engine/engine.ts";
import { gpt } from "../kernels/models/gpt.ts";
import { parametersOf } from "../kernels/models/model.ts";
import { assign } from "../kernels/ops/update/state.ts";
import { plan } from "../stages/model/plan.ts";
import { openModel } from "../stages/model/model_session.ts";

/** Work that can be repeated, and the number of bytes that one run reads and writes in memory. */
export interface MemoryWorkload extends AsyncDisposable {
  run(): Promise<void>;
  /** Bytes read plus bytes written by one run. */
  readonly bytes: number;
}

/**
 * Decodes the last of `length` tokens in each of `texts` texts. A run reads every weight once, except the
 * position embeddings.
 */
export async function openDecoding(
  engine: Engine,
  { texts = 1, length = 128 }: { readonly texts?: number; readonly length?: number } = {},
): Promise<MemoryWorkload> {
  const model = gpt({ layers: 12, heads: 12, channels: 768, seqLen: 1024, vocabSize: 50257 });
  // All weights repeat the same random numbers: their values do not matter, as long as none is 0 or huge.
  const drawn = normals(1, "weights", 1 << 20, 0.02);
  let bytes = 0;
  const weights: TensorMap = Object.fromEntries(
    [...parametersOf(model)].map(([name, { tensor }]) => {
      const data = new Float32Array(bytesOf(tensor) / 4);
      for (let at = 0; at < data.length; at += drawn.length) {
        data.set(drawn.subarray(0, data.length - at), at);
      }
      if (name !== "wpe.weight") bytes += bytesOf(tensor);
      return [name, { shape: tensor.shape, data }];
    }),
  );
  const session = await openModel(engine, { plan: plan({ model, sampling: { texts } }), weights });
  const { decoder } = session;
  await decoder.prefill(Uint32Array.from({ length: length - 1 }, (_, i) => (i * 97) % 50257));
  for (let text = 1; text < texts; text++) await decoder.copy({ from: 0, to: text });
  const next = Array.from({ length: texts }, (_, text) => ({ text, id: 11 + text, position: length - 1 }));
  return {
    bytes: bytes + texts * 12 * length * 768 * 2 * 4, // bytes of the keys and values
    run: async () => void await decoder.decode(next),
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}

/** Returns a copy of 256 MiB on all threads of the engine. */
export async function openCopy(engine: Engine): Promise<MemoryWorkload> {
  const graph = new Graph(), spec = { shape: [1 << 26], dtype: "f32" } as const;
  const from = graph.leaf("from", spec, "input");
  assign(graph.leaf("to", spec, "output"), from);
  const session = await engine.open([compile("copy", graph)], {});
  return {
    bytes: 2 * bytesOf(from),
    run: () => session.run(["copy"]),
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}
