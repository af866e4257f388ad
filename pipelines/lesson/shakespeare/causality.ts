/**
 * All logits of a model over one sequence, to see what depends on what.
 *
 * @module
 */
import { Graph } from "../../../kernels/core/graph.ts";
import { RootScope } from "../../../kernels/core/scope.ts";
import { compile } from "../../../kernels/core/program.ts";
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import type { Model } from "../../../kernels/models/model.ts";

/** Logits of every position of each of some sequences of the same length, [T, V] each; `rows`: of so many in one. */
export async function logitsOf(
  engine: Engine,
  { model, weights, sequences, rows = 1 }: {
    readonly model: Model;
    readonly weights: TensorMap;
    readonly sequences: readonly Uint32Array<ArrayBuffer>[];
    readonly rows?: number;
  },
): Promise<Float32Array[]> {
  const graph = new Graph(), shape = [rows, sequences[0].length / rows];
  const tokens = graph.leaf("tokens", { shape, dtype: "u32" }, "input");
  graph.output("next/logits", model.forward(new RootScope(graph), tokens));
  await using session = await engine.open([compile("all", graph)], weights);
  const found: Float32Array[] = [];
  for (const data of sequences) {
    session.write({ tokens: { shape, data } });
    await session.run(["all"]);
    found.push(Float32Array.from((await session.read(["next/logits"]))["next/logits"].data));
  }
  return found;
}

/** The first position whose logits differ in any bit; the number of positions where none does. */
export function firstDifference(a: Float32Array, b: Float32Array, vocabSize: number): number {
  const at = a.findIndex((logit, i) => !Object.is(logit, b[i]));
  return Math.floor((at < 0 ? a.length : at) / vocabSize);
}
