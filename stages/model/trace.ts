/**
 * The program `trace`: one text through the model, with what attention reads at each block, so that the
 * weights of attention can be shown. Attention itself never stores them.
 *
 * @module
 */
import { Graph } from "../../kernels/core/graph.ts";
import { compile, type Program } from "../../kernels/core/program.ts";
import { type QuantizedWeights, RootScope } from "../../kernels/core/scope.ts";
import type { Model } from "../../kernels/models/model.ts";
import { attentionOp } from "../../kernels/ops/attention/attention.ts";
import type { AttentionForm } from "../../kernels/ops/attention/attention_sizes.ts";
import { inputLeaf } from "./leaves.ts";

/** What one block's attention reads for a text of T tokens. */
export interface TracedAttention {
  /** Queries, keys and values of all heads, [T, (H + 2K)·D]. */
  readonly qkv: Float32Array;
  /** Heads, window, scale and cap of the scores. */
  readonly form: AttentionForm;
}

/** A text as the model sees it. */
export interface ModelTrace {
  /** Logits of the token after each token, [T][vocabSize]. */
  readonly logits: readonly Float32Array[];
  /** What attention reads, by block. */
  readonly attention: readonly TracedAttention[];
}

/** Label of the program's tokens, [1, T]. */
export const traceTokens = "trace/tokens";
/** Label of the program's logits, [1, T, Vp]. */
export const traceLogits = "trace/logits";

/** Returns the label of what the attention of a block reads. */
export function traceQkv(block: number): string {
  return `trace/qkv/${block}`;
}

/** Makes the program for texts of `seqLen` tokens, and says how each block attends. */
export function traceProgram(
  model: Model<unknown>,
  { seqLen, quantized }: { readonly seqLen: number; readonly quantized: QuantizedWeights | undefined },
): { readonly program: Program; readonly forms: readonly AttentionForm[] } {
  const graph = new Graph();
  const tokens = inputLeaf(graph, traceTokens, [1, seqLen]);
  graph.output(traceLogits, model.forward(new RootScope(graph, { quantized }), tokens));
  const calls = graph.calls.filter(({ op }) => op.name === attentionOp.name);
  calls.forEach(({ inputs: [qkv] }, block) => graph.output(traceQkv(block), qkv));
  return { program: compile("trace", graph), forms: calls.map(({ attrs }) => attrs) };
}
