/**
 * The programs that predict next tokens, on keys and values that are kept: `prefill/<length>` reads a stretch of one text,
 * `decode/<count>` one token of each of some texts, `copy` makes a text's keys and values another one's.
 *
 * @module
 */
import { Graph, type Tensor } from "../../kernels/core/graph.ts";
import { RootScope } from "../../kernels/core/scope.ts";
import { compile, type Program } from "../../kernels/core/program.ts";
import type { DType, Shape } from "../../kernels/core/tensor.ts";
import type { Model } from "../../kernels/models/model.ts";
import { putRows } from "../../kernels/ops/loss/row_blocks.ts";
import { take } from "../../kernels/ops/indexing/slice.ts";

/** All of them, for up to `texts` texts at once; none for 0. */
export function decodePrograms(model: Model<unknown>, texts: number): readonly Program[] {
  if (texts === 0) return [];
  const forwards = [
    ...prefillLengths(model.seqLen).map((length) => prefillGraph(model, { length, texts })),
    ...decodeCounts(texts).map((count) => decodeGraph(model, { count, texts })),
  ];
  return [...forwards.map(([name, graph]) => compile(name, graph)), ...copyProgram(forwards[0][1], texts)];
}

/** Tokens that one run of a prefill program reads: 32, 128, 512, … and the model's own length. */
export function prefillLengths(seqLen: number): readonly number[] {
  const lengths: number[] = [];
  for (let length = 32; length < seqLen; length *= 4) lengths.push(length);
  return [...lengths, seqLen];
}

/** Texts that one run of a decode program goes on with: powers of two, and all. */
export function decodeCounts(texts: number): readonly number[] {
  const counts: number[] = [];
  for (let count = 1; count < texts; count *= 2) counts.push(count);
  return [...counts, texts];
}

function prefillGraph(
  model: Model<unknown>,
  { length, texts }: { readonly length: number; readonly texts: number },
): [string, Graph] {
  const graph = new Graph(), name = `prefill/${length}`;
  const logits = model.forward(new RootScope(graph), input(graph, `${name}/tokens`, [1, length]), {
    rows: input(graph, "prefill/row", [1]),
    cache: {
      texts,
      seqLen: model.seqLen,
      positions: input(graph, `${name}/positions`, [1, length]),
      firstRows: input(graph, "prefill/place", [1]),
    },
  });
  if (![...graph.leaves.values()].some(({ kind }) => kind === "cache")) {
    throw new RangeError(
      `Cannot sample from a ${model.name}: it keeps no keys and values of what it has read`,
    );
  }
  graph.output("prefill/logits", logits);
  return [name, graph];
}

function decodeGraph(
  model: Model<unknown>,
  { count, texts }: { readonly count: number; readonly texts: number },
): [string, Graph] {
  const graph = new Graph(), name = `decode/${count}`;
  const logits = model.forward(new RootScope(graph), input(graph, `${name}/tokens`, [count, 1]), {
    cache: {
      texts,
      seqLen: model.seqLen,
      positions: input(graph, `${name}/positions`, [count, 1]),
      firstRows: input(graph, `${name}/places`, [count]),
    },
  });
  graph.output(`${name}/logits`, logits);
  return [name, graph];
}

/** For all caches of `like`; none where there is one text alone. */
function copyProgram(like: Graph, texts: number): readonly Program[] {
  if (texts === 1) return [];
  const graph = new Graph(), from = input(graph, "copy/from", [1]), to = input(graph, "copy/to", [1]);
  for (const { label, kind, shape, dtype } of like.leaves.values()) {
    if (kind !== "cache") continue;
    const cache = graph.leaf(label, { shape, dtype }, kind);
    putRows(cache, { block: to, part: take(cache, from) });
  }
  return [compile("copy", graph)];
}

function input(graph: Graph, label: string, shape: Shape, dtype: DType = "u32"): Tensor {
  return graph.leaf(label, { shape, dtype }, "input");
}
