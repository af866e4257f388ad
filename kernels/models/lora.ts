/**
 * Low-rank adapters (Hu et al. 2021): a linear layer computes `x · Wᵀ + scale · (x · Aᵀ) · Bᵀ`, where A is
 * [r, in], B is [out, r], and only A and B are trained. A starts uniform, B as zeros, so that the adapted
 * model begins as the model itself. Names are those of PEFT, without its prefix `base_model.model.`.
 *
 * @module
 */
import { fillOp } from "../core/gradient_ops.ts";
import { Graph, type Tensor } from "../core/graph.ts";
import { define } from "../core/op.ts";
import { type AdaptedLayer, type LowRankAdapters, RootScope, type Scope } from "../core/scope.ts";
import { ShapeError, type TensorMap } from "../core/tensor.ts";
import { dropout } from "../ops/dropout/dropout.ts";
import { add } from "../ops/elementwise/arith.ts";
import { scale } from "../ops/elementwise/scale.ts";
import { concat } from "../ops/indexing/concat.ts";
import { matmul } from "../ops/matmul/matmul.ts";
import { isAdapter, type LoraConfig, loraScale } from "./lora_config.ts";
import { initialWeights, type Model, type Randomness } from "./model.ts";

/** A model with adapters. */
export interface LoraModel<Config = unknown> extends Model<Config> {
  /** The adapters. */
  readonly lora: LoraConfig;
  /** The layers that have adapters, in the order in which the model creates them. */
  readonly layers: readonly AdaptedLayer[];
}

/**
 * Adds adapters to a model. Throws RangeError for a rank or an alpha that cannot be used, and for a target
 * that no linear layer has.
 *
 * @example
 * ```ts
 * import { countParameters, gpt, withLora } from "@stagewise/gpt/kernels";
 *
 * const model = gpt({ layers: 1, heads: 1, channels: 16, seqLen: 8, vocabSize: 257 });
 * const adapted = withLora(model, { rank: 2, alpha: 4, targets: ["c_attn"] });
 * console.log(countParameters(adapted) - countParameters(model)); // 128
 * ```
 */
export function withLora<Config>(model: Model<Config>, lora: LoraConfig): LoraModel<Config> {
  const { rank, alpha, targets, dropout: rate = 0 } = lora;
  if (!Number.isInteger(rank) || rank < 1 || !Number.isFinite(alpha)) {
    throw new RangeError(
      `Cannot add adapters of rank ${rank} and alpha ${alpha}: wanted a whole rank above 0 and a number`,
    );
  }
  if (!(rate >= 0 && rate < 1)) {
    throw new RangeError(`Cannot drop ${rate} of the adapters' inputs: wanted a share from 0 to below 1`);
  }
  const all = linearLayers(model), names = new Set(all.map(lastName));
  const unknown = targets === "all" ? undefined : targets.find((name) => !names.has(name));
  if (unknown !== undefined || targets.length === 0) {
    throw new RangeError(
      `Cannot add adapters to ${unknown ?? "no layer"}: the linear layers of ${model.name} are ${
        [...names].join(", ")
      }`,
    );
  }
  const isTarget = (layer: AdaptedLayer) => targets === "all" || targets.includes(lastName(layer));
  const adapters: LowRankAdapters = { rank, scale: loraScale(lora), adapts: isTarget };
  const inTraining = (training: Randomness | undefined): LowRankAdapters =>
    training === undefined || rate === 0 ? adapters : {
      ...adapters,
      dropped: (x, path) => dropout(x, { rate, key: training.key(path), draw: training.draw }),
    };
  return {
    ...model,
    lora,
    layers: all.filter(isTarget),
    forward: (scope, tokens, options) =>
      model.forward(scope.withAdapters(inTraining(options?.training)), tokens, options),
    losses: (scope, inputs) => model.losses(scope.withAdapters(inTraining(inputs.training)), inputs),
  };
}

/** Returns the names of a layer's matrices A and B. */
export function adapterNames({ path }: AdaptedLayer): readonly [a: string, b: string] {
  return [`${path}.lora_A.weight`, `${path}.lora_B.weight`];
}

/** Returns those of a model's initial weights that belong to adapters: A uniform, and B zeros. */
export function initialAdapters(model: LoraModel<unknown>, seed: number): TensorMap {
  return initialWeights(model, seed, { only: isAdapter });
}

/**
 * Returns the weights of the model itself with the adapters added to them: `W + scale · B · A`. Throws
 * RangeError if a tensor is missing.
 */
export function mergeLora({ layers, lora }: LoraModel<unknown>, weights: TensorMap): TensorMap {
  const merged = Object.fromEntries(Object.entries(weights).filter(([name]) => !isAdapter(name)));
  const factor = loraScale(lora), copied = new Set<string>();
  const dataOf = (name: string): Float32Array => {
    const data = weights[name]?.data;
    if (data instanceof Float32Array) return data;
    throw new RangeError(
      `Cannot merge the adapters: ${name} is ${data === undefined ? "missing" : "not float32"}`,
    );
  };
  for (const layer of layers) {
    const { weight, inputs, outputs, first, isTransposed } = layer, [a, b] = adapterNames(layer).map(dataOf);
    if (!copied.has(weight)) {
      const data = dataOf(weight).slice();
      merged[weight] = { shape: weights[weight].shape, data };
      copied.add(weight);
    }
    const { data, shape } = merged[weight], columns = shape[1];
    for (let out = 0; out < outputs; out++) {
      for (let into = 0; into < inputs; into++) {
        let sum = 0;
        for (let r = 0; r < lora.rank; r++) sum += b[out * lora.rank + r] * a[r * inputs + into];
        const at = isTransposed ? into * columns + first + out : (first + out) * columns + into;
        data[at] += factor * sum;
      }
    }
  }
  return merged;
}

/** Part of a linear layer that is a layer of its own for adapters. */
export interface LinearPart {
  /** Scope of the part. */
  readonly scope: Scope;
  /** Number of outputs. */
  readonly outputs: number;
}

/**
 * Adds the results of adapters to `y` [..., out], the result of the linear layer on `scope` for `x` [...,
 * in]. The adapters are those of `parts`, which lie beside each other; default: the layer itself.
 */
export function adapted(
  y: Tensor,
  { scope, x, isTransposed, parts }: {
    readonly scope: Scope;
    readonly x: Tensor;
    readonly isTransposed: boolean;
    readonly parts?: readonly LinearPart[] | undefined;
  },
): Tensor {
  const { adapters } = scope;
  if (adapters === null) return y;
  const inputs = x.shape[x.shape.length - 1], weight = `${scope.path}.weight`;
  let first = 0;
  const updates = (parts ?? [{ scope, outputs: y.shape[y.shape.length - 1] }]).map((part) => {
    const { outputs } = part, layer = { path: part.scope.path, weight, inputs, outputs, first, isTransposed };
    first += outputs;
    return adapters.adapts(layer) ? update(part, { x, adapters }) : null;
  });
  if (updates.every((each) => each === null)) return y;
  const leading = y.shape.slice(0, -1);
  const whole = updates.map((each, i) => each ?? zeros(y, [...leading, (parts ?? [])[i].outputs]));
  return add(y, scale(whole.length === 1 ? whole[0] : concat(whole), adapters.scale));
}

/** Returns `(x · Aᵀ) · Bᵀ`; training may drop part of `x` before, as PEFT does. */
function update(
  { scope, outputs }: LinearPart,
  { x, adapters: { rank, dropped } }: { readonly x: Tensor; readonly adapters: LowRankAdapters },
): Tensor {
  const inputs = x.shape[x.shape.length - 1], bound = 1 / Math.sqrt(inputs); // Kaiming's, as PEFT has it
  const a = scope.at("lora_A").param("weight", [rank, inputs], { kind: "uniform", bound });
  const b = scope.at("lora_B").param("weight", [outputs, rank], { kind: "zeros" });
  const seen = dropped?.(x, scope.at("lora_dropout").path) ?? x;
  return matmul(matmul(seen, a, { transposeB: true }), b, { transposeB: true });
}

/** Returns all layers of a model that can have adapters. */
function linearLayers(model: Model<unknown>): readonly AdaptedLayer[] {
  const graph = new Graph(), layers: AdaptedLayer[] = [];
  const adapts = (layer: AdaptedLayer) => {
    layers.push(layer);
    return false;
  };
  const scope = new RootScope(graph, { adapters: { rank: 1, scale: 1, adapts } });
  model.forward(scope, graph.leaf("tokens", { shape: [1, 1], dtype: "u32" }, "input"));
  if (layers.length > 0) return layers;
  throw new ShapeError(`Cannot add adapters to ${model.name}: it has no linear layers for them`);
}

function lastName({ path }: AdaptedLayer): string {
  return path.slice(path.lastIndexOf(".") + 1);
}

function zeros(like: Tensor, shape: readonly number[]): Tensor {
  return define(fillOp)([like], { value: 0, shape })[0];
}
