/**
 * What a GPT-2 in a file is: its sizes and forms, and the tensors that make it, by the names that Hugging Face publishes
 * them under; linear weights are [in, out].
 *
 * @module
 */
import type { Shape } from "../../../kernels/core/tensor.ts";

/** A model's sizes and forms; what a file does not say is as GPT-2 has it. */
export type Gpt2Form = Readonly<{
  layers: number;
  heads: number;
  channels: number;
  seqLen: number;
  vocabSize: number;
  /** Default tanh. */
  gelu?: "tanh" | "erf";
  /** Whether linear layers and norms have biases; default true. */
  bias?: boolean;
  /** Whether the head is the embedding; default true. Else it is `lm_head.weight`. */
  tie?: boolean;
}>;

/** A tensor's name and shape. */
export type NamedShape = Readonly<{ name: string; shape: Shape }>;

/** The embedding. */
export const EMBEDDING = "wte.weight";

/** The head, where it is not the embedding. */
export const HEAD = "lm_head.weight";

const MOST_LAYERS = 10_000; // each costs a dozen entries in tables: a file must not say how many gigabytes

const sizeNames = ["layers", "heads", "channels", "seqLen", "vocabSize"] as const;

/** What is wrong with a model's sizes; null: nothing. */
export function faultOf(form: Gpt2Form): string | null {
  for (const name of sizeNames) {
    const n: unknown = form[name];
    if (typeof n !== "number" || !Number.isInteger(n) || n < 1 || n > 2 ** 31 - 1) {
      return `its ${name} is ${n}`;
    }
  }
  if (form.layers > MOST_LAYERS) return `its ${form.layers} layers are more than ${MOST_LAYERS}`;
  return form.channels % form.heads === 0
    ? null
    : `its ${form.channels} channels are no multiple of its ${form.heads} heads`;
}

/** Every tensor of a model, in the order of its layers. */
export function* gpt2Tensors(form: Gpt2Form): Generator<NamedShape> {
  const { layers, channels: c, seqLen, vocabSize, bias = true, tie = true } = form;
  yield { name: EMBEDDING, shape: [vocabSize, c] };
  yield { name: "wpe.weight", shape: [seqLen, c] };
  const linear = function* (name: string, inputs: number, outputs: number): Generator<NamedShape> {
    yield { name: `${name}.weight`, shape: [inputs, outputs] };
    if (bias) yield { name: `${name}.bias`, shape: [outputs] };
  };
  const norm = function* (name: string): Generator<NamedShape> {
    yield { name: `${name}.weight`, shape: [c] };
    if (bias) yield { name: `${name}.bias`, shape: [c] };
  };
  for (let i = 0; i < layers; i++) {
    yield* norm(`h.${i}.ln_1`);
    yield* linear(`h.${i}.attn.c_attn`, c, 3 * c);
    yield* linear(`h.${i}.attn.c_proj`, c, c);
    yield* norm(`h.${i}.ln_2`);
    yield* linear(`h.${i}.mlp.c_fc`, c, 4 * c);
    yield* linear(`h.${i}.mlp.c_proj`, 4 * c, c);
  }
  yield* norm("ln_f");
  if (!tie) yield { name: HEAD, shape: [vocabSize, c] };
}
