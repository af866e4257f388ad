/**
 * Initial weights of the lecture's models. They are drawn in the same order as by torch's modules, so the
 * losses are the same as in the lecture.
 *
 * Source: PyTorch, torch/nn/modules/linear.py `reset_parameters`; sparse.py for embeddings.
 *
 * @module
 */
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import type { TorchRandom } from "../../../kernels/random/torch_random.ts";
import type { CharGptConfig } from "../../../kernels/models/course/char_gpt.ts";

type Weight = TensorMap[string];

/**
 * Initial weights of `charGpt(config)`. Embeddings have a normal distribution; weights and biases of linear
 * layers have a uniform distribution between `-1 / √inputs` and `1 / √inputs`.
 */
export function lectureWeights(config: CharGptConfig, random: TorchRandom): TensorMap {
  const { vocabSize, seqLen, channels, heads, layers, feedForward = true, residual = true } = config;
  const weights: Record<string, Weight> = {
    "wte.weight": normal([vocabSize, channels], random),
    "wpe.weight": normal([seqLen, channels], random),
  };
  const linear = (name: string, inputs: number, outputs: number): void => {
    weights[`${name}.weight`] = uniform([inputs, outputs], random);
    weights[`${name}.bias`] = bias(inputs, { outputs, random });
  };
  const norm = (name: string): void => {
    if (config.norm === false) return;
    weights[`${name}.weight`] = { shape: [channels], data: new Float32Array(channels).fill(1) };
    weights[`${name}.bias`] = { shape: [channels], data: new Float32Array(channels) };
  };
  for (let i = 0; i < layers; i++) {
    weights[`h.${i}.attn.c_attn.weight`] = headWeights({ channels, heads, random });
    if (residual) linear(`h.${i}.attn.c_proj`, channels, channels);
    if (feedForward) linear(`h.${i}.mlp.c_fc`, channels, residual ? 4 * channels : channels);
    if (feedForward && residual) linear(`h.${i}.mlp.c_proj`, 4 * channels, channels);
    norm(`h.${i}.ln_1`);
    if (feedForward) norm(`h.${i}.ln_2`);
  }
  norm("ln_f");
  if (config.tie !== true) linear("lm_head", channels, vocabSize);
  return weights;
}

/**
 * Returns the weight of `nn.Linear(inputs, outputs, bias=False)`, [inputs, outputs]. Torch draws and stores
 * the transpose.
 */
export function uniform([inputs, outputs]: readonly [number, number], random: TorchRandom): Weight {
  const bound = 1 / Math.sqrt(inputs);
  const drawn = random.uniform(inputs * outputs, { low: -bound, high: bound });
  const data = new Float32Array(drawn.length);
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < inputs; i++) data[i * outputs + o] = drawn[o * inputs + i];
  }
  return { shape: [inputs, outputs], data };
}

function bias(
  inputs: number,
  { outputs, random }: { readonly outputs: number; readonly random: TorchRandom },
): Weight {
  const bound = 1 / Math.sqrt(inputs);
  return { shape: [outputs], data: random.uniform(outputs, { low: -bound, high: bound }) };
}

/** Returns a table of normally distributed numbers with variance 1, as in `nn.Embedding`. */
export function normal(shape: readonly [number, number], random: TorchRandom): Weight {
  return { shape, data: random.randn(shape[0] * shape[1]) };
}

/**
 * Returns the weights of all heads, [channels, 3 · channels]. In the lecture, each head has its own key,
 * query and value layer, drawn in this order. Here the columns of all queries are first, then those of all
 * keys, then those of all values.
 */
function headWeights(
  { channels, heads, random }: {
    readonly channels: number;
    readonly heads: number;
    readonly random: TorchRandom;
  },
): Weight {
  const width = channels / heads, data = new Float32Array(3 * channels * channels);
  for (let head = 0; head < heads; head++) {
    for (const part of [1, 0, 2]) { // key, query, value
      const drawn = uniform([channels, width], random).data;
      for (let i = 0; i < channels; i++) {
        const start = i * 3 * channels + part * channels + head * width;
        data.set(drawn.subarray(i * width, (i + 1) * width), start);
      }
    }
  }
  return { shape: [channels, 3 * channels], data };
}
