/**
 * The tensors of a GPT-2 as Hugging Face names and shapes them; linear weights are [in, out].
 *
 * @module
 */
import type { GptConfig } from "../../../kernels/models/gpt_options.ts";
import type { NamedShape } from "./weight_file.ts";

/** Name of the token embedding [V, C]. */
export const EMBEDDING = "wte.weight";

/** Name of the output head [V, C] of a model that does not share the embedding's weights. */
export const HEAD = "lm_head.weight";

/** Yields every tensor of a model, in the order of its layers. */
export function* gpt2Tensors(config: GptConfig): Generator<NamedShape> {
  const { layers, channels: c, seqLen, vocabSize, bias = true, tie = true } = config;
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
