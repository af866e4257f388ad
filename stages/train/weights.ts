/**
 * Weights from elsewhere made to fit a model: published names, padded vocabularies, longer position tables.
 *
 * @module
 */
import { type Shape, sizeOf, type TensorMap } from "../../kernels/core/tensor.ts";
import { type Model, parametersOf } from "../../kernels/models/model.ts";

/** What published checkpoints hold beside parameters: attention masks, and the head that is tied to the embedding. */
const notParameters = /(^|\.)(attn\.bias|attn\.masked_bias)$|^lm_head\.weight$/;

/**
 * The parameters of `model` from `weights`: a prefix `transformer.` goes, masks and the tied head are left out, the
 * embedding is filled up with zeros or cut to the model's padded vocabulary, and positions beyond its sequence length
 * are cut. Throws RangeError naming a weight that is missing, unknown or of another shape.
 */
export function fitWeights(model: Model<unknown>, weights: TensorMap): TensorMap {
  const given = new Map(
    Object.entries(weights)
      .map(([name, tensor]) => [name.replace(/^transformer\./, ""), tensor] as const)
      .filter(([name]) => !notParameters.test(name)),
  );
  const fitted: [string, TensorMap[string]][] = [];
  for (const [name, { tensor }] of parametersOf(model)) {
    const found = given.get(name);
    if (found === undefined) throw new RangeError(`Cannot load the weights: ${name} is missing`);
    fitted.push([name, fit(model, name, { found, shape: tensor.shape })]);
    given.delete(name);
  }
  const [unknown] = given.keys();
  if (unknown !== undefined) {
    throw new RangeError(`Cannot load the weights: the model has no ${unknown}: are its layers as many?`);
  }
  return Object.fromEntries(fitted);
}

/** The embedding without the rows that only pad it: what others' tools expect of `weights`. */
export function withoutPadding(model: Model<unknown>, weights: TensorMap): TensorMap {
  const { shape, data } = weights["wte.weight"];
  const rows = model.vocabSize;
  const bare = { shape: [rows, shape[1]], data: data.slice(0, rows * shape[1]) };
  return { ...weights, "wte.weight": bare };
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
  const resizable = found.shape.length === 2 && columns === shape[1] &&
    ((name === "wte.weight" && rows >= model.vocabSize) || (name === "wpe.weight" && rows >= shape[0]));
  if (!resizable) {
    throw new RangeError(
      `Cannot load the weights: ${name} is [${found.shape}], wanted [${shape}]: the model's sizes must be those of the weights`,
    );
  }
  const data = new Float32Array(sizeOf(shape));
  data.set(found.data.subarray(0, data.length));
  if (name === "wte.weight") data.fill(0, model.vocabSize * shape[1]);
  return { shape, data };
}
