/**
 * Scopes: named places in a model, which create its parameters.
 *
 * @module
 */
import type { Graph, Pack, Tensor } from "./graph.ts";
import { type BlockLayout, rowsOfLayout, wordsOfLayout } from "./blocks/block_layout.ts";
import { type Shape, ShapeError, sizeOf } from "./tensor.ts";

/** Layouts of those parameters that are quantised, by full name. */
export type QuantizedWeights = ReadonlyMap<string, BlockLayout>;

/** Initial values of a parameter. */
export type Init =
  | { readonly kind: "zeros" }
  | { readonly kind: "ones" }
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "normal"; readonly std: number }
  /** From `least`, by default `-bound`, to `bound`. */
  | { readonly kind: "uniform"; readonly bound: number; readonly least?: number }
  | { readonly kind: "values"; readonly values: readonly number[] };

/** A linear layer that low-rank adapters can be added to. */
export interface AdaptedLayer {
  /** Path of the layer, such as `model.layers.0.self_attn.q_proj`. */
  readonly path: string;
  /** Name of the weight; several layers can be rows of one weight. */
  readonly weight: string;
  /** Number of inputs. */
  readonly inputs: number;
  /** Number of outputs. */
  readonly outputs: number;
  /** Index of the layer's first output among those of the weight. */
  readonly first: number;
  /** Whether the weight is [in, out], as in GPT-2, in place of [out, in]. */
  readonly isTransposed: boolean;
}

/** Low-rank adapters of the linear layers of a model. */
export interface LowRankAdapters {
  /** Rank of the adapters. */
  readonly rank: number;
  /** Factor of the adapters' results. */
  readonly scale: number;
  /** Drops part of an adapter's input, in training programs only; `path` names the adapter. */
  dropped?(x: Tensor, path: string): Tensor;
  /** Returns whether a layer gets an adapter. It is called for each linear layer of the model, in order. */
  adapts(layer: AdaptedLayer): boolean;
}

/** A named place in a model. Parameters, states and probes that it creates are named after its path. */
export interface Scope {
  /** The graph that its calls are added to. */
  readonly graph: Graph;
  /** Names from the outermost scope to this one, joined by dots. */
  readonly path: string;
  /** Adapters that the model's linear layers have; null for none. */
  readonly adapters: LowRankAdapters | null;
  /** Returns this scope with adapters for the layers that are made on it and inside it. */
  withAdapters(adapters: LowRankAdapters): Scope;
  /** Returns the scope `name` inside this one. */
  at(name: string): Scope;
  /** A trainable leaf named `path.name`. */
  param(name: string, shape: Shape, init: Init): Tensor;
  /**
   * Returns a leaf named `path.name` that training updates without a gradient, such as running statistics. It
   * is part of the weights.
   */
  buffer(name: string, shape: Shape, init: Init): Tensor;
  /**
   * Returns the optimizer state for the parameters in `like`: tensors of the same shapes, initially zeros,
   * labelled `parameter/name`.
   */
  state(name: string, like: Pack): Pack;
  /** Names a value so that it can be inspected; returns the value unchanged. */
  probe(name: string, x: Tensor): Tensor;
}

/** A parameter and its initial values. */
export interface Parameter {
  /** The parameter's leaf. */
  readonly tensor: Tensor;
  /** Its initial values. */
  readonly init: Init;
}

/**
 * A scope of a model, with the parameters, buffers and probes that all of the model's scopes have created.
 */
export class RootScope implements Scope {
  /** Names from the outermost scope to this one, joined by dots. */
  readonly path: string;
  readonly #shared: {
    readonly parameters: Map<string, Parameter>;
    readonly buffers: Map<string, Parameter>;
    readonly probes: Map<string, Tensor>;
    readonly quantized: QuantizedWeights;
  };
  readonly adapters: LowRankAdapters | null;

  /**
   * A scope inside `parent` adds to the parent's lists of parameters, buffers and probes. Parameters in
   * `quantized` become quantised leaves.
   */
  constructor(
    readonly graph: Graph,
    { path = "", parent, quantized = new Map(), adapters = parent?.adapters ?? null }: {
      readonly path?: string;
      readonly parent?: RootScope;
      readonly quantized?: QuantizedWeights | undefined;
      readonly adapters?: LowRankAdapters | null;
    } = {},
  ) {
    this.path = path;
    this.adapters = adapters;
    this.#shared = parent !== undefined
      ? parent.#shared
      : { parameters: new Map(), buffers: new Map(), probes: new Map(), quantized };
  }

  /** Trainable parameters by full name, in the order of creation. */
  get parameters(): ReadonlyMap<string, Parameter> {
    return this.#shared.parameters;
  }

  /** Buffers by full name, in the order of creation. */
  get buffers(): ReadonlyMap<string, Parameter> {
    return this.#shared.buffers;
  }

  /** Probed values by full name. */
  get probes(): ReadonlyMap<string, Tensor> {
    return this.#shared.probes;
  }

  /** Returns the scope `name` inside this one; shape errors name it until another scope is entered. */
  at(name: string): RootScope {
    const path = this.#join(name);
    this.graph.where = path;
    return new RootScope(this.graph, { path, parent: this });
  }

  withAdapters(adapters: LowRankAdapters): RootScope {
    return new RootScope(this.graph, { path: this.path, parent: this, adapters });
  }

  param(name: string, shape: Shape, init: Init): Tensor {
    const label = this.#join(name), layout = this.#shared.quantized.get(label);
    if (layout !== undefined) return this.#quantized(label, { layout, shape });
    return this.#leaf(this.#shared.parameters, { label, shape, init });
  }

  buffer(name: string, shape: Shape, init: Init): Tensor {
    return this.#leaf(this.#shared.buffers, { label: this.#join(name), shape, init });
  }

  state(name: string, like: Pack): Pack {
    const members = like.members.map((member) => ({ ...member, label: `${member.label}/${name}` }));
    return this.graph.pack(`${like.tensor.label}/${name}`, members, "optimizer");
  }

  probe(name: string, x: Tensor): Tensor {
    this.#shared.probes.set(this.#join(name), x);
    return x;
  }

  #leaf(
    known: Map<string, Parameter>,
    { label, shape, init }: { readonly label: string; readonly shape: Shape; readonly init: Init },
  ): Tensor {
    const tensor = this.graph.leaf(label, { shape, dtype: "f32" }, "parameter");
    if (!known.has(label)) known.set(label, { tensor, init });
    return tensor;
  }

  #quantized(
    label: string,
    { layout, shape }: { readonly layout: BlockLayout; readonly shape: Shape },
  ): Tensor {
    const own = [rowsOfLayout(layout), layout.columns];
    if (String(own) !== String(shape)) {
      throw new ShapeError(`Cannot use quantised ${label}: it is [${own}], wanted [${shape}]`);
    }
    const spec = { shape: [wordsOfLayout(layout)], dtype: "u32", blocks: layout } as const;
    return this.graph.leaf(label, spec, "parameter");
  }

  #join(name: string): string {
    return this.path === "" ? name : `${this.path}.${name}`;
  }
}

/** Returns the total number of elements in some parameters. */
export function parameterCount(parameters: ReadonlyMap<string, Parameter>): number {
  let n = 0;
  for (const { tensor } of parameters.values()) n += sizeOf(tensor.shape);
  return n;
}
