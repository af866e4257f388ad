/**
 * Generates text like the lecture's `generate`: the model sees the last characters and predicts the next one.
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

/** A trained model, and how much text to generate. */
export interface GenerateOptions {
  readonly model: Model;
  readonly weights: TensorMap;
  /** The model's training text, for its tokenizer. */
  readonly corpus: Corpus;
  /** Number of characters to generate. */
  readonly characters: number;
  readonly seed: number;
}

/** Generates text that follows a line break. */
export async function generateCharacters(
  engine: Engine,
  { model, weights, corpus: { tokenizer }, characters, seed }: GenerateOptions,
): Promise<string> {
  const graph = new Graph(), shape = [1, model.seqLen];
  const tokens = graph.leaf("tokens", { shape, dtype: "u32" }, "input");
  const rows = graph.leaf("row", { shape: [1], dtype: "u32" }, "input");
  graph.output("next/logits", model.forward(new RootScope(graph), tokens, { rows }));
  await using session = await engine.open([compile("next", graph)], weights);
  const ids = [Math.max(0, tokenizer.characters.indexOf("\n"))];
  for (let i = 0; i < characters; i++) {
    const seen = ids.slice(-model.seqLen), data = new Uint32Array(model.seqLen);
    data.set(seen); // attention is causal, so the zeros after `seen` have no effect
    session.write({ tokens: { shape, data }, row: { shape: [1], data: Uint32Array.of(seen.length - 1) } });
    await session.run(["next"]);
    const logits = Float32Array.from((await session.read(["next/logits"]))["next/logits"].data);
    ids.push(sampleToken(logits, { draw: uniformAt(seed, "shakespeare", i) }));
  }
  return tokenizer.decode(ids).trim();
}
