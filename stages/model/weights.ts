/**
 * Weights from elsewhere made to fit a model: published names, padded vocabularies, longer position tables.
 *
 * @module
 */
import { type Shape, sizeOf, type TensorMap } from "../../kernels/core/tensor.ts";
import { type Model, parametersOf } from "../../kernels/models/model.ts";

/** What published checkpoints hold beside parameters: attention masks. */
const masks = /(^|\.)(attn\.bias|attn\.masked_bias)$/;
const head = "lm_head.weight", embedding = "wte.weight";

/**
 * The parameters of `model` from `weights`: a prefix `transformer.` goes, masks and a tied head are left out (a head of
 * its own that is not there begins as the embedding), embedding and head are filled up with zeros or cut to the model's
 * padded vocabulary, and positions beyond its sequence length are cut. Throws RangeError naming a weight that is missing,
 * unknown or of another shape, and for a head unlike the embedding where the model's is tied.
 */
export function fitWeights(model: Model<unknown>, weights: TensorMap): TensorMap {
  const given = new Map(
    Object.entries(weights)
      .map(([name, tensor]) => [name.replace(/^transformer\./, ""), tensor] as const)
      .filter(([name]) => !masks.test(name)),
  );
  const parameters = parametersOf(model);
  if (!parameters.has(head)) checkTied(given);
  else if (!given.has(head) && given.has(embedding)) given.set(head, given.get(embedding)!);
  const fitted: [string, TensorMap[string]][] = [];
  for (const [name, { tensor }] of parameters) {
    const found = given.get(name);
    if (found === undefined) throw new RangeError(`Cannot load the weights: ${name} is missing`);
    fitted.push([name, fit(model, name, { found, shape: tensor.shape })]);
    given.delete(name);
  }
  const [unknown] = given.keys();
  if (unknown !== undefined) {
    throw new RangeError(
      `Cannot load the weights: the model has no ${unknown}: ${
        unknown.endsWith(".bias") ? "was it made without biases?" : "are its layers as many?"
      }`,
    );
  }
  return Object.fromEntries(fitted);
}

/** Takes the head out, which a tied model must not lose anything by. */
function checkTied(given: Map<string, TensorMap[string]>): void {
  const own = given.get(head)?.data, shared = given.get(embedding)?.data;
  given.delete(head);
  if (own === undefined || shared === undefined || own === shared) return;
  if (own.length === shared.length && own.every((x, i) => x === shared[i])) return;
  throw new RangeError(
    `Cannot load the weights: ${head} is not ${embedding}, the model's is: make it with tie false (--no-tie)`,
  );
}

/** Embedding and head without the rows that only pad them: what others' tools expect of `weights`. */
export function withoutPadding(model: Model<unknown>, weights: TensorMap): TensorMap {
  const rows = model.vocabSize;
  return Object.fromEntries(
    Object.entries(weights).map(([name, { shape, data }]) =>
      name === embedding || name === head
        ? [name, { shape: [rows, shape[1]], data: data.slice(0, rows * shape[1]) }]
        : [name, { shape, data }]
    ),
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
  const resizable = found.shape.length === 2 && columns === shape[1] &&
    (((name === embedding || name === head) && rows >= model.vocabSize) ||
      (name === "wpe.weight" && rows >= shape[0]));
  if (!resizable) {
    throw new RangeError(
      `Cannot load the weights: ${name} is [${found.shape}], wanted [${shape}]: the model's sizes must be those of the weights`,
    );
  }
  const data = new Float32Array(sizeOf(shape));
  data.set(found.data.subarray(0, data.length));
  if (name !== "wpe.weight") data.fill(0, model.vocabSize * shape[1]);
  return { shape, data };
}
