/**
 * Fits weights of published checkpoints to a model. The weights may have other names, another padding of the
 * vocabulary, or longer position tables.
 *
 * @module
 */
import { type BlockLayout, wordsOfLayout } from "../../kernels/core/blocks/block_layout.ts";
import type { QuantizedWeights } from "../../kernels/core/scope.ts";
import { type Shape, sizeOf, type TensorMap } from "../../kernels/core/tensor.ts";
import { type Model, parametersOf, type TableNames } from "../../kernels/models/model.ts";

/** Names of attention masks, which published checkpoints contain in addition to the parameters. */
const masks = /(^|\.)(attn\.bias|attn\.masked_bias)$/;

/**
 * The parameters of `model`, taken from `weights`:
 *
 * - the prefix `transformer.` is removed from names, and attention masks are ignored;
 * - a tied head is ignored, and an untied head that is missing starts as a copy of the embedding;
 * - embedding and head are cut or padded with zeros to the model's padded vocabulary;
 * - positions beyond the model's sequence length are cut;
 * - those in `quantized` are the words of their layouts, and stay as they are.
 *
 * Throws a RangeError that names the weight if one is missing, unknown or unusable, or if the head differs
 * from the embedding although the model ties them.
 *
 * @example
 * ```ts
 * import { fitWeights, gpt, initialWeights } from "@stagewise/gpt";
 *
 * const config = { layers: 1, heads: 1, channels: 16, vocabSize: 257 };
 * const long = initialWeights(gpt({ ...config, seqLen: 64 }), 1);
 * const short = fitWeights(gpt({ ...config, seqLen: 8 }), long);
 * console.log(short["wpe.weight"].shape); // [ 8, 16 ]
 * ```
 */
export function fitWeights(
  model: Model<unknown>,
  weights: TensorMap,
  quantized: QuantizedWeights = new Map(),
): TensorMap {
  const byName = new Map(
    Object.entries(weights)
      .map(([name, tensor]) => [name.replace(/^transformer\./, ""), tensor] as const)
      .filter(([name]) => !masks.test(name)),
  );
  const parameters = parametersOf(model);
  if (model.tables !== undefined) {
    const { head, embedding } = model.tables;
    if (!parameters.has(head)) checkTied(byName, model.tables);
    else if (!byName.has(head) && byName.has(embedding)) byName.set(head, byName.get(embedding)!);
  }
  const fitted: [string, TensorMap[string]][] = [];
  for (const [name, { tensor }] of parameters) {
    const found = byName.get(name);
    if (found === undefined) throw new RangeError(`Cannot load the weights: ${name} is missing`);
    const layout = quantized.get(name), { shape } = tensor;
    fitted.push([name, layout ? fitBlocks(name, found, layout) : fit(model, name, { found, shape })]);
    byName.delete(name);
  }
  const [unknown] = byName.keys();
  if (unknown !== undefined) {
    throw new RangeError(
      `Cannot load the weights: the model has no ${unknown}: ${
        unknown.endsWith(".bias")
          ? "was it made without biases?"
          : "does it have as many layers as the weights?"
      }`,
    );
  }
  return Object.fromEntries(fitted);
}

/**
 * Removes the head from the weights of a tied model, which uses the embedding as head. Throws RangeError if
 * the removed head differs from the embedding.
 */
function checkTied(byName: Map<string, TensorMap[string]>, { head, embedding }: TableNames): void {
  const own = byName.get(head)?.data, shared = byName.get(embedding)?.data;
  byName.delete(head);
  if (own === undefined || shared === undefined || own === shared) return;
  if (own.length === shared.length && own.every((x, i) => x === shared[i])) return;
  throw new RangeError(
    `Cannot load the weights: ${head} differs from ${embedding}, but the model ties them: make the model with tie: false (--no-tie)`,
  );
}

/**
 * Returns the weights without the rows that pad embedding and head, as the tools of other projects expect
 * them.
 */
export function withoutPadding(model: Model<unknown>, weights: TensorMap): TensorMap {
  const rows = model.vocabSize, { embedding, head, others = [] } = model.tables ?? {};
  return Object.fromEntries(
    Object.entries(weights).map(([name, { shape, data }]) =>
      name === embedding || name === head || others.includes(name)
        ? [name, { shape: [rows, shape[1]], data: data.slice(0, rows * shape[1]) }]
        : [name, { shape, data }]
    ),
  );
}

function fitBlocks(name: string, found: TensorMap[string], layout: BlockLayout): TensorMap[string] {
  const words = wordsOfLayout(layout);
  if (found.data instanceof Uint32Array && found.data.length === words) return found;
  throw new RangeError(
    `Cannot load the weights: ${name} is [${found.shape}], wanted ${words} words of quantised blocks`,
  );
}

function fit(
  model: Model<unknown>,
  name: string,
  { found, shape }: { readonly found: TensorMap[string]; readonly shape: Shape },
): TensorMap[string] {
  if (!(found.data instanceof Float32Array)) {
    throw new RangeError(`Cannot load the weights: ${name} is not float32`);
  }
  if (String(found.shape) === String(shape)) return found;
  const [rows, columns] = found.shape;
  const { embedding, head, positions, others = [] } = model.tables ?? {};
  const resizable = found.shape.length === 2 && columns === shape[1] &&
    (((name === embedding || name === head || others.includes(name)) && rows >= model.vocabSize) ||
      (name === positions && rows >= shape[0]));
  if (!resizable) {
    throw new RangeError(
      `Cannot load the weights: ${name} is [${found.shape}], wanted [${shape}]: give the model the sizes of the weights`,
    );
  }
  const data = new Float32Array(sizeOf(shape));
  data.set(found.data.subarray(0, data.length));
  if (name !== positions) data.fill(0, model.vocabSize * shape[1]);
  return { shape, data };
}
