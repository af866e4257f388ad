/**
 * Computes the logits of a model at all positions of sequences, to test which positions the logits depend on.
 *
 * @module
 */
import { Graph } from "../../../kernels/core/graph.ts";
import { RootScope } from "../../../kernels/core/scope.ts";
import { compile } from "../../../kernels/core/program.ts";
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import type { Model } from "../../../kernels/models/model.ts";

/**
 * Returns the logits of a model for batches of token ids, one array [rows, T, V] per batch. Each batch holds
 * `rows` concatenated sequences of the same length T; default: one sequence.
 */
export async function sequenceLogits(
  engine: Engine,
  { model, weights, batches, rows = 1 }: {
    readonly model: Model;
    readonly weights: TensorMap;
    readonly batches: readonly Uint32Array<ArrayBuffer>[];
    readonly rows?: number;
  },
): Promise<Float32Array[]> {
  const graph = new Graph(), shape = [rows, batches[0].length / rows];
  const tokens = graph.leaf("tokens", { shape, dtype: "u32" }, "input");
  graph.output("next/logits", model.forward(new RootScope(graph), tokens));
  await using session = await engine.open([compile("all", graph)], weights);
  const logits: Float32Array[] = [];
  for (const data of batches) {
    session.write({ tokens: { shape, data } });
    await session.run(["all"]);
    logits.push(Float32Array.from((await session.read(["next/logits"]))["next/logits"].data));
  }
  return logits;
}

/**
 * Returns the index of the first position at which the logits are not exactly equal, or the number of
 * positions if all are equal.
 */
export function firstDifference(a: Float32Array, b: Float32Array, vocabSize: number): number {
  const index = a.findIndex((logit, i) => !Object.is(logit, b[i]));
  return Math.floor((index < 0 ? a.length : index) / vocabSize);
}
