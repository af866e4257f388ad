/**
 * The programs that generate text with a KV cache: `prefill/<length>` reads up to `length` consecutive tokens
 * of one text, `prefill/scores` does too and returns the logits after each of them, `decode/<count>` reads
 * one token of each of up to `count` texts, and `copy` copies one text's part of the cache to another text.
 *
 * @module
 */
import { Graph } from "../../kernels/core/graph.ts";
import { compile, type Program } from "../../kernels/core/program.ts";
import { type QuantizedWeights, RootScope } from "../../kernels/core/scope.ts";
import type { Model } from "../../kernels/models/model.ts";
import { take } from "../../kernels/ops/indexing/slice.ts";
import { putRows } from "../../kernels/ops/loss/row_blocks.ts";
import { inputLeaf } from "./leaves.ts";

/**
 * Makes these programs (`copy` only for more than one text), with a cache for `texts` texts; no programs if
 * `texts` is 0. Throws RangeError for a model without a KV cache.
 */
export function decodePrograms(
  model: Model<unknown>,
  { texts, seqLen, quantized, scores }: {
    readonly texts: number;
    /** Longest text in tokens. */
    readonly seqLen: number;
    readonly quantized: QuantizedWeights | undefined;
    /** Whether to make `prefill/scores`. */
    readonly scores: boolean;
  },
): readonly Program[] {
  if (texts === 0) return [];
  const scored = { length: scoredLength(seqLen), texts, seqLen, quantized, hasAllLogits: true };
  const forwards = [
    ...prefillLengths(seqLen).map((length) => prefillGraph(model, { length, texts, seqLen, quantized })),
    ...scores ? [prefillGraph(model, scored)] : [],
    ...decodeCounts(texts, quantized).map((count) => decodeGraph(model, { count, texts, seqLen, quantized })),
  ];
  return [...forwards.map(([name, graph]) => compile(name, graph)), ...copyProgram(forwards[0][1], texts)];
}

/** Returns whether a program of a plan is one of these, by its name. */
export function isDecodeProgram(name: string): boolean {
  return name === "copy" || name.startsWith("prefill/") || name.startsWith("decode/");
}

/** Returns the lengths compiled for the prefill program: 32, 128, 512, … and the model's sequence length. */
export function prefillLengths(seqLen: number): readonly number[] {
  const lengths: number[] = [];
  for (let length = 32; length < seqLen; length *= 4) lengths.push(length);
  return [...lengths, seqLen];
}

/** Returns the number of tokens of `prefill/scores`: few, since each has the logits of a vocabulary. */
export function scoredLength(seqLen: number): number {
  return Math.min(32, seqLen);
}

/**
 * Largest batch size of the decode program of a quantised model. Products with quantised weights add up in
 * another order for more rows, so the tokens of a text would depend on how many texts are generated with it.
 */
const MOST_QUANTIZED = 8;

/**
 * Returns batch sizes compiled for the decode program: powers of two up to `texts`, and `texts` itself; for
 * quantised weights at most 8, and more texts are decoded in several batches.
 */
export function decodeCounts(texts: number, quantized: QuantizedWeights | undefined): readonly number[] {
  const most = (quantized?.size ?? 0) === 0 ? texts : Math.min(texts, MOST_QUANTIZED), counts: number[] = [];
  for (let count = 1; count < most; count *= 2) counts.push(count);
  return [...counts, most];
}

function prefillGraph(
  model: Model<unknown>,
  { length, texts, seqLen, quantized, hasAllLogits = false }: {
    readonly length: number;
    readonly texts: number;
    readonly seqLen: number;
    readonly quantized: QuantizedWeights | undefined;
    /** Whether the logits after each token are wanted; otherwise those of one row. */
    readonly hasAllLogits?: boolean;
  },
): [string, Graph] {
  const graph = new Graph(), name = hasAllLogits ? "prefill/scores" : `prefill/${length}`;
  const logits = model.forward(
    new RootScope(graph, { quantized }),
    inputLeaf(graph, `${name}/tokens`, [1, length]),
    {
      ...(!hasAllLogits && { rows: inputLeaf(graph, "prefill/row", [1]) }),
      cache: {
        texts,
        seqLen,
        positions: inputLeaf(graph, `${name}/positions`, [1, length]),
        firstRows: inputLeaf(graph, "prefill/firstRow", [1]),
      },
    },
  );
  if (![...graph.leaves.values()].some(({ kind }) => kind === "cache")) {
    throw new RangeError(`Cannot generate text with a ${model.name}: the model has no KV cache`);
  }
  graph.output(hasAllLogits ? `${name}/logits` : "prefill/logits", logits);
  return [name, graph];
}

function decodeGraph(
  model: Model<unknown>,
  { count, texts, seqLen, quantized }: {
    readonly count: number;
    readonly texts: number;
    readonly seqLen: number;
    readonly quantized: QuantizedWeights | undefined;
  },
): [string, Graph] {
  const graph = new Graph(), name = `decode/${count}`;
  const logits = model.forward(
    new RootScope(graph, { quantized }),
    inputLeaf(graph, `${name}/tokens`, [count, 1]),
    {
      cache: {
        texts,
        seqLen,
        positions: inputLeaf(graph, `${name}/positions`, [count, 1]),
        firstRows: inputLeaf(graph, `${name}/firstRows`, [count]),
      },
    },
  );
  graph.output(`${name}/logits`, logits);
  return [name, graph];
}

/**
 * Returns the program that copies the caches of all layers, which are leaves of `like`; there is none for a
 * single text.
 */
function copyProgram(like: Graph, texts: number): readonly Program[] {
  if (texts === 1) return [];
  const graph = new Graph(), from = inputLeaf(graph, "copy/from", [1]), to = inputLeaf(graph, "copy/to", [1]);
  for (const { label, kind, shape, dtype } of like.leaves.values()) {
    if (kind !== "cache") continue;
    const cache = graph.leaf(label, { shape, dtype }, kind);
    putRows(cache, { block: to, part: take(cache, from) });
  }
  return [compile("copy", graph)];
}
