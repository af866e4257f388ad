/**
 * Text from a model of the lesson, as the lecture's `generate` makes it: the last characters go in, one comes out.
 *
 * @module
 */
import { Graph } from "../../../kernels/core/graph.ts";
import { RootScope } from "../../../kernels/core/scope.ts";
import { uniformAt } from "../../../kernels/random/philox.ts";
import { compile } from "../../../kernels/core/program.ts";
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import type { Model } from "../../../kernels/models/model.ts";
import { sampleToken } from "../../../stages/sample/sample_token.ts";
import type { Corpus } from "./corpus.ts";

/** What to write, and with what. */
export interface WrittenOptions {
  readonly model: Model;
  readonly weights: TensorMap;
  readonly corpus: Corpus;
  readonly characters: number;
  readonly seed: number;
}

/** Text that the model writes after a line break. */
export async function written(
  engine: Engine,
  { model, weights, corpus: { tokenizer }, characters, seed }: WrittenOptions,
): Promise<string> {
  const graph = new Graph(), shape = [1, model.seqLen];
  const tokens = graph.leaf("tokens", { shape, dtype: "u32" }, "input");
  const rows = graph.leaf("row", { shape: [1], dtype: "u32" }, "input");
  graph.output("next/logits", model.forward(new RootScope(graph), tokens, { rows }));
  await using session = await engine.open([compile("next", graph)], weights);
  const ids = [Math.max(0, tokenizer.characters.indexOf("\n"))];
  for (let i = 0; i < characters; i++) {
    const seen = ids.slice(-model.seqLen), data = new Uint32Array(model.seqLen); // what follows is not heard
    data.set(seen);
    session.write({ tokens: { shape, data }, row: { shape: [1], data: Uint32Array.of(seen.length - 1) } });
    await session.run(["next"]);
    const logits = Float32Array.from((await session.read(["next/logits"]))["next/logits"].data);
    ids.push(sampleToken(logits, { draw: uniformAt(seed, "shakespeare", i) }));
  }
  return tokenizer.decode(ids).trim();
}
