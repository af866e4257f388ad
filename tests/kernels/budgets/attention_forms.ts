/**
 * Attention in the forms that GPT-2's step does not have: wider heads, fewer heads of keys, windows and caps,
 * and attention to a KV cache.
 *
 * @module
 */
import type { Call } from "../../../kernels/core/graph.ts";
import { Graph, type Tensor } from "../../../kernels/core/graph.ts";
import { attentionGradOp, attentionOp } from "../../../kernels/ops/attention/attention.ts";
import { cacheAttentionOp } from "../../../kernels/ops/attention/attention_cache.ts";
import type { AttentionForm } from "../../../kernels/ops/attention/attention_sizes.ts";
import { distinctKernels, type StepKernel } from "./step_kernels.ts";

interface Form extends AttentionForm {
  readonly width: number;
}

const TIME = 1024;

/** The forms, by what is special about each. */
const forms: Readonly<Record<string, Form>> = {
  "128 wide": { heads: 8, width: 128 },
  "256 wide": { heads: 4, width: 256 },
  "64 wide, 3 queries a key": { heads: 9, keyHeads: 3, width: 64 },
  "64 wide, window, cap": { heads: 8, keyHeads: 4, width: 64, window: 256, softCap: 50 },
  "128 wide, 4 queries a key": { heads: 16, keyHeads: 4, width: 128 },
  "256 wide, window, cap": { heads: 8, keyHeads: 4, width: 256, window: 256, softCap: 50 },
};

/** Returns the kernels of attention over sequences and of its gradient, in each form. */
export function attentionForms(): readonly StepKernel[] {
  return named(({ leaf, row, channels, attrs }) => {
    const qkv = leaf("qkv", 2, TIME, row), out = leaf("out", 2, TIME, channels);
    const lse = leaf("lse", 2, attrs.heads, TIME), dout = leaf("dout", 2, TIME, channels);
    return [
      qkv.graph.call(attentionOp, [qkv], attrs),
      qkv.graph.call(attentionGradOp, [qkv, out, lse, dout], attrs),
    ].map(([{ call }]) => call!);
  });
}

/** Returns the kernels of attention to a KV cache: of one new token, and of 128. */
export function cacheForms(): readonly StepKernel[] {
  return named(({ leaf, row, channels, attrs }) =>
    [1, 128].map((tokens) => {
      const qkv = leaf(`qkv/${tokens}`, 1, tokens, row), { graph } = qkv;
      const firstRows = graph.leaf("firstRows", { shape: [1], dtype: "u32" }, "input");
      return graph.call(cacheAttentionOp, [qkv, leaf("cache", 1, TIME, row - channels), firstRows], attrs)[0]
        .call!;
    }), { "64 wide": { heads: 12, width: 64 }, ...forms });
}

function named(
  callsOf: (
    form: {
      leaf(label: string, ...shape: number[]): Tensor;
      readonly row: number;
      readonly channels: number;
      readonly attrs: AttentionForm;
    },
  ) => readonly Call[],
  chosen: Readonly<Record<string, Form>> = forms,
): readonly StepKernel[] {
  return Object.entries(chosen).flatMap(([name, { width, ...attrs }]) => {
    const { heads, keyHeads = heads } = attrs, graph = new Graph();
    const leaf = (label: string, ...shape: number[]) => graph.leaf(label, { shape, dtype: "f32" }, "input");
    const calls = callsOf({ leaf, row: (heads + 2 * keyHeads) * width, channels: heads * width, attrs });
    return distinctKernels(calls).map((kernel) => ({
      ...kernel,
      call: kernel.name.startsWith("cache") ? `${name}, ${tokensOf(kernel)}` : name,
    }));
  });
}

/** Number of new tokens of a kernel that attends to a cache: its description begins with the shape of qkv. */
function tokensOf({ call }: StepKernel): string {
  const tokens = Number(/^\[\d+, (\d+)/.exec(call)?.[1]);
  return tokens === 1 ? "1 token" : `${tokens} tokens`;
}
