/**
 * A graph: calls in the order they were made, and its leaves. Building one computes shapes, nothing else.
 *
 * @module
 */
import type { Call, Op } from "./op.ts";
import { type NamedSpec, type Pack, placeMembers } from "./pack.ts";
import type { Kind, Shape, Spec, Tensor } from "./tensor.ts";
import { ShapeError, sizeOf } from "./tensor.ts";

/** How a gradient flows through a value that several calls make, where flowing through each would keep too much. */
export interface CustomGradient {
  /** What the value depends on. */
  readonly inputs: readonly Tensor[];
  /**
   * Gradients of the inputs given those of the finishing call's outputs (null: no gradient flows). That of an input with
   * a buffer may be added to it instead: then the buffer's newest value is set there, and given.
   */
  vjp(grads: readonly (Tensor | null)[], buffers: Map<Tensor, Tensor>): readonly (Tensor | null)[];
}

/** Calls in order, and leaves by label. */
export class Graph {
  /** In the order they were made. */
  readonly calls: Call[] = [];
  /** By label. */
  readonly leaves: Map<string, Tensor> = new Map();
  /** Leaves that are others laid end to end, by label. */
  readonly packs: Map<string, Pack> = new Map();
  /** Tensors to be readable after a run, by label. */
  readonly outputs: Map<string, Tensor> = new Map();
  /** By the call that finishes such a value: used instead of its op's vjp, and of all calls before it. */
  readonly customGradients: Map<Call, CustomGradient> = new Map();
  /** Where shape errors say they happened: the scope that is building. */
  where = "";

  /** The leaf `label`, made if new. A label means the same memory in every program of a session. */
  leaf(label: string, spec: Spec, kind: Kind): Tensor {
    const known = this.leaves.get(label);
    if (known !== undefined) {
      if (String(known.shape) !== String(spec.shape) || known.dtype !== spec.dtype) {
        throw new ShapeError(
          `Cannot reuse leaf ${label}: it is ${known.dtype} [${known.shape}], wanted ${spec.dtype} [${spec.shape}]`,
        );
      }
      return known;
    }
    if (spec.shape.some((n) => !Number.isInteger(n) || n < 1)) {
      throw new ShapeError(
        `Cannot make ${label}: every size of [${spec.shape}] must be a whole number above 0`,
      );
    }
    const leaf: Tensor = { graph: this, call: null, label, kind, shape: spec.shape, dtype: spec.dtype };
    this.leaves.set(label, leaf);
    return leaf;
  }

  /**
   * Makes the persistent leaf `label`, which is `specs` laid end to end; all f32. Throws ShapeError where the label is
   * taken, and for no specs, one twice or another type. Calls on a pack and on its members take effect in the order in
   * which they are made; one call must not take both.
   */
  pack(label: string, specs: readonly NamedSpec[], kind: Kind): Pack {
    if (this.packs.has(label) || this.leaves.has(label)) {
      throw new ShapeError(`Cannot make pack ${label}: the label is taken`);
    }
    const { members, bytes } = placeMembers(label, specs);
    const pack = { tensor: this.leaf(label, { shape: [bytes / 4], dtype: "f32" }, kind), members };
    this.packs.set(label, pack);
    return pack;
  }

  /** Adds a call and gives its outputs. Throws ShapeError naming the op and where it stands. */
  call<A>(op: Op<A>, inputs: readonly Tensor[], attrs: A): readonly Tensor[] {
    let specs: readonly Spec[];
    try {
      specs = op.infer(inputs, attrs);
    } catch (cause) {
      if (!(cause instanceof ShapeError) || this.where === "") throw cause;
      throw new ShapeError(`${this.where}: ${cause.message}`, { cause });
    }
    const outputs: Tensor[] = [];
    const call: Call<A> = { op, inputs, outputs, attrs };
    const at = this.where === "" ? op.name : `${this.where}/${op.name}`;
    specs.forEach((spec, i) => {
      // An in-place output is its input's memory, so it keeps that memory's label and kind.
      const home = op.inPlace?.[i] ?? -1;
      outputs.push({
        graph: this,
        call,
        label: home >= 0 ? inputs[home].label : `${at}#${this.calls.length}.${i}`,
        kind: home >= 0 ? inputs[home].kind : "activation",
        ...spec,
      });
    });
    this.calls.push(call);
    return outputs;
  }

  /** Marks a tensor as readable after a run, under `label`. */
  output(label: string, tensor: Tensor): void {
    this.outputs.set(label, tensor);
  }
}

/** How a parameter begins. */
export type Init =
  | { readonly kind: "zeros" }
  | { readonly kind: "ones" }
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "normal"; readonly std: number };

/** A named place in a model: makes parameters, states and probes whose names are its path. */
export interface Scope {
  /** Where its calls go. */
  readonly graph: Graph;
  /** Names joined by dots. */
  readonly path: string;
  /** The place `name` within this one. */
  at(name: string): Scope;
  /** A trainable leaf, `path.name`. */
  param(name: string, shape: Shape, init: Init): Tensor;
  /** A leaf that training changes, though not by a gradient, `path.name`: running statistics. It belongs to the weights. */
  buffer(name: string, shape: Shape, init: Init): Tensor;
  /** An optimizer's memory for the parameters of `like`: zeros of their shapes, labels `<parameter>/name`. */
  state(name: string, like: Pack): Pack;
  /** Names a value so that it can be looked at; gives it back unchanged. */
  probe(name: string, x: Tensor): Tensor;
}

/** A parameter and how it begins. */
export interface Parameter {
  /** The leaf. */
  readonly tensor: Tensor;
  /** Its first values. */
  readonly init: Init;
}

/** A Scope over `graph`, with what it made. */
export class RootScope implements Scope {
  readonly #shared: {
    parameters: Map<string, Parameter>;
    buffers: Map<string, Parameter>;
    probes: Map<string, Tensor>;
  };

  /** `parent`: shares what it makes with it. */
  constructor(readonly graph: Graph, readonly path = "", parent?: RootScope) {
    this.#shared = parent ? parent.#shared : { parameters: new Map(), buffers: new Map(), probes: new Map() };
  }

  /** By full name, in the order made. */
  get parameters(): ReadonlyMap<string, Parameter> {
    return this.#shared.parameters;
  }

  /** By full name, in the order made. */
  get buffers(): ReadonlyMap<string, Parameter> {
    return this.#shared.buffers;
  }

  /** By full name. */
  get probes(): ReadonlyMap<string, Tensor> {
    return this.#shared.probes;
  }

  /** The place `name` within this one; shape errors say it from now on. */
  at(name: string): RootScope {
    const path = this.#join(name);
    this.graph.where = path;
    return new RootScope(this.graph, path, this);
  }

  param(name: string, shape: Shape, init: Init): Tensor {
    return this.#leaf(this.#shared.parameters, { label: this.#join(name), shape, init });
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

  #join(name: string): string {
    return this.path === "" ? name : `${this.path}.${name}`;
  }
}

/** Number of trainable elements. */
export function parameterCount(parameters: ReadonlyMap<string, Parameter>): number {
  let n = 0;
  for (const { tensor } of parameters.values()) n += sizeOf(tensor.shape);
  return n;
}
